package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"portal/internal/app/buyer"
	"portal/internal/store"
)

// demoBuyer is one buyer of the directory as a clerk would type it. The first
// twelve digits stand for its tax id.
type demoBuyer struct {
	name, nameEN, first12, branch, address, postcode, contact, email, phone, terms, wht, note string
	archived                                                                                  bool
}

// demoDirectory is who the first merchant knows, and, of these, the second one
// those that it bills. Two names look alike, and one tax id is used twice.
var demoDirectory = []demoBuyer{
	{name: "บริษัท ค้าปลีกสมมติ จำกัด (มหาชน)", nameEN: "Sommut Retail Public Company Limited", first12: "099900000101", branch: "0", address: "1 อาคารตัวอย่าง ถนนสมมติ แขวงสมมติ เขตสาธิต กรุงเทพมหานคร", postcode: "10999", contact: "คุณสุดา ฝ่ายบัญชีเจ้าหนี้", email: "ap@sommut-retail.example", phone: "02-999-0101 ต่อ 12", terms: "30", note: "วางบิลทุกวันพุธ ก่อน 15:00 น."},
	{name: "บริษัท โรงแรมริมน้ำจำลอง จำกัด", nameEN: "Rimnam Jamlong Hotel Co., Ltd.", first12: "099900000102", branch: "3", address: "45 ถนนเลียบน้ำสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดพระนครศรีอยุธยา", postcode: "13999", contact: "คุณอรทัย", email: "account@rimnam.example", phone: "035-999-102", terms: "30", wht: "3"},
	{name: "ห้างหุ้นส่วนจำกัด ก่อสร้างสาธิต", nameEN: "Sathit Construction Limited Partnership", first12: "099900000103", branch: "0", address: "7/7 ซอยทดสอบ 3 ตำบลสมมติ อำเภอสาธิต จังหวัดชลบุรี", postcode: "20999", contact: "ช่างวิทย์", phone: "081-999-0103", terms: "45", wht: "3"},
	{name: "บริษัท อาหารทะเลตัวอย่าง จำกัด", nameEN: "Sample Seafood Co., Ltd.", first12: "099900000104", branch: "12", address: "88 ท่าเรือสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดสมุทรสาคร", postcode: "74999", contact: "คุณมานพ", email: "finance@sample-seafood.example", phone: "034-999-104", terms: "60"},
	{name: "บริษัท อาหารทะเลตัวอย่างไทย จำกัด", first12: "099900000105", branch: "0", address: "9 ถนนท่าปลาสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดสงขลา", postcode: "90999", phone: "074-999-105", note: "คนละบริษัทกับอาหารทะเลตัวอย่าง"},
	{name: "บริษัท ริเวอร์ไซด์สาธิต จำกัด", nameEN: "Riverside Sathit Co., Ltd.", first12: "099900000102", branch: "0", address: "45/1 ถนนเลียบน้ำสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดพระนครศรีอยุธยา", postcode: "13999", note: "เลขผู้เสียภาษีซ้ำกับโรงแรมริมน้ำจำลอง รอตรวจสอบ"},
	{name: "บริษัท ค้าปลีกสมมติ จำกัด (มหาชน)", nameEN: "Sommut Retail Public Company Limited", first12: "099900000101", branch: "27", address: "27 หมู่ 4 ตำบลสมมติ อำเภอสาธิต จังหวัดขอนแก่น", postcode: "40999", contact: "คุณปิ่น", email: "khonkaen@sommut-retail.example", phone: "043-999-127", terms: "30"},
	{name: "บริษัท เยิ้มน้ำผึ้งป่า จำกัด", nameEN: "Yoem Wild Honey Co., Ltd.", first12: "099900000106", branch: "0", address: "16 หมู่ 2 ตำบลทดลอง อำเภอสาธิต จังหวัดน่าน", postcode: "55999", contact: "คุณเอื้อง", email: "hello@yoem.example", phone: "054-999-106", terms: "15"},
	{name: "บริษัท กาแฟดอยจำลอง จำกัด", nameEN: "Doi Jamlong Coffee Co., Ltd.", first12: "099900000107", branch: "0", address: "120 หมู่ 8 ตำบลสมมติ อำเภอสาธิต จังหวัดเชียงราย", postcode: "57999", contact: "คุณหมอก", phone: "053-999-107", terms: "30"},
	{name: "ห้างหุ้นส่วนจำกัด ผ้าไหมสาธิต", nameEN: "Sathit Silk Limited Partnership", first12: "099900000108", branch: "0", address: "5 ถนนไหมสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดนครราชสีมา", postcode: "30999", contact: "คุณบัวผัน", phone: "044-999-108", terms: "45"},
	{name: "บริษัท ขนส่งด่วนทดลอง จำกัด", nameEN: "Thodlong Express Co., Ltd.", first12: "099900000109", branch: "0", address: "199 ถนนสินค้าสมมติ แขวงทดลอง เขตสาธิต กรุงเทพมหานคร", postcode: "10999", email: "billing@thodlong-express.example", phone: "02-999-0109", terms: "7", wht: "1"},
	{name: "บริษัท โฆษณาตัวอย่าง จำกัด", nameEN: "Tuayang Advertising Co., Ltd.", first12: "099900000110", branch: "0", address: "33 อาคารสมมติทาวเวอร์ ชั้น 9 แขวงสมมติ เขตสาธิต กรุงเทพมหานคร", postcode: "10999", contact: "คุณพลอย", email: "finance@tuayang-ad.example", phone: "02-999-0110", terms: "30", wht: "2"},
	{name: "บริษัท ให้เช่าคลังสินค้าสมมติ จำกัด", nameEN: "Sommut Warehouse Rental Co., Ltd.", first12: "099900000111", branch: "0", address: "77 นิคมทดลอง ตำบลสมมติ อำเภอสาธิต จังหวัดสมุทรปราการ", postcode: "10999", phone: "02-999-0111", terms: "5", wht: "5"},
	{name: "บริษัท โรงพิมพ์หมึกดำ จำกัด", nameEN: "Muek Dam Printing Co., Ltd.", first12: "099900000112", branch: "0", address: "48 ซอยหมึกสมมติ แขวงทดลอง เขตสาธิต กรุงเทพมหานคร", postcode: "10999", contact: "คุณกมล", phone: "02-999-0112", terms: "30", wht: "3"},
	{name: "บริษัท เครื่องเย็นหนี้น้อย จำกัด", nameEN: "Nee Noi Cooling Co., Ltd.", first12: "099900000113", branch: "0", address: "61/4 ถนนเย็นสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดนนทบุรี", postcode: "11999", contact: "ช่างเอี๊ยด", phone: "02-999-0113", terms: "30", wht: "3"},
	{name: "บริษัท สวนผลไม้ปลายฟ้า จำกัด", nameEN: "Plai Fah Orchards Co., Ltd.", first12: "099900000114", branch: "0", address: "8 หมู่ 1 ตำบลทดลอง อำเภอสาธิต จังหวัดจันทบุรี", postcode: "22999", contact: "ลุงอ่ำ", phone: "039-999-114", terms: "0", note: "เงินสดเท่านั้น"},
	{name: "บริษัท ซอฟต์แวร์กล่องดินสอ จำกัด", nameEN: "Pencil Case Software Co., Ltd.", first12: "099900000115", branch: "0", address: "21 อาคารตัวอย่าง ชั้น 4 แขวงสมมติ เขตสาธิต กรุงเทพมหานคร", postcode: "10999", email: "ap@pencilcase.example", phone: "02-999-0115", terms: "30", wht: "3"},
	{name: "บริษัท ประกันภัยใบไม้ จำกัด (มหาชน)", nameEN: "Bai Mai Insurance Public Company Limited", first12: "099900000116", branch: "0", address: "500 ถนนใบไม้สมมติ แขวงทดลอง เขตสาธิต กรุงเทพมหานคร", postcode: "10999", contact: "ฝ่ายจัดซื้อ", email: "procurement@baimai.example", phone: "02-999-0116", terms: "45", wht: "1"},
	{name: "บริษัท ประกันภัยใบไม้ จำกัด (มหาชน)", nameEN: "Bai Mai Insurance Public Company Limited", first12: "099900000116", branch: "8", address: "8 ถนนภูเก็ตสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดภูเก็ต", postcode: "83999", phone: "076-999-116", terms: "45", wht: "1"},
	{name: "มูลนิธิห้องสมุดสาธิต", nameEN: "Sathit Library Foundation", first12: "099900000117", branch: "0", address: "2 ถนนหนังสือสมมติ แขวงทดลอง เขตสาธิต กรุงเทพมหานคร", postcode: "10999", contact: "คุณครูนิด", email: "library@sathit.example", phone: "02-999-0117", terms: "60"},
	{name: "โรงเรียนวิทยาสมมติ", nameEN: "Sommut Wittaya School", first12: "099900000118", branch: "0", address: "10 ถนนครูสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดลำปาง", postcode: "52999", contact: "ฝ่ายธุรการ", phone: "054-999-118", terms: "60"},
	{name: "สหกรณ์การเกษตรทุ่งทดลอง จำกัด", nameEN: "Thung Thodlong Agricultural Cooperative Limited", first12: "099900000119", branch: "0", address: "3 หมู่ 5 ตำบลทดลอง อำเภอสาธิต จังหวัดสุพรรณบุรี", postcode: "72999", contact: "คุณสำราญ", phone: "035-999-119", terms: "30"},
	{name: "ร้าน ป้าแจ๋วของชำ", first12: "199990000012", branch: "0", address: "14 ตลาดสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดนครปฐม", postcode: "73999", contact: "ป้าแจ๋ว", phone: "089-999-0012", terms: "0"},
	{name: "นางสาว มะลิ สมมติ", nameEN: "Miss Mali Sommut", first12: "199990000013", branch: "0", address: "9/9 หมู่บ้านตัวอย่าง แขวงทดลอง เขตสาธิต กรุงเทพมหานคร", postcode: "10999", email: "mali@person.example", phone: "086-999-0013"},
	{name: "นาย ธนา ทดสอบ", nameEN: "Mr. Thana Thodsob", first12: "399990000014", branch: "0", address: "22 ซอยทดสอบ 7 แขวงสมมติ เขตสาธิต กรุงเทพมหานคร", postcode: "10999", phone: "087-999-0014", terms: "7", wht: "3"},
	{name: "Pacific Placeholder Trading Pte. Ltd. (สาขาประเทศไทย)", nameEN: "Pacific Placeholder Trading Pte. Ltd.", first12: "099900000120", branch: "1", address: "88 Sommut Road, Sathit, Bangkok", postcode: "10999", contact: "Ms. Tan", email: "th-ap@pacific-placeholder.example", phone: "02-999-0120", terms: "30"},
	{name: "บริษัท เลิกกิจการแล้วสมมติ จำกัด", first12: "099900000121", branch: "0", address: "0 ถนนเดิมสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดตาก", postcode: "63999", note: "เลิกกิจการแล้ว", archived: true},
}

// knownBuyers makes the directories of both merchants as their makers would.
func (k bookkeeper) knownBuyers(ctx context.Context) error {
	for n := range k.merchants {
		maker := store.Actor{Merchant: k.merchants[n], Person: k.people[demoMakers[n]], Request: "portal dev"}
		for i, d := range demoDirectory {
			if n == 1 && i >= len(demoBuyers) {
				break
			}
			if err := k.knownBuyer(ctx, maker, d); err != nil {
				return fmt.Errorf("demo buyer %s: %w", d.name, err)
			}
		}
	}
	return nil
}

// knownBuyer makes one buyer, unless it is there.
func (k bookkeeper) knownBuyer(ctx context.Context, maker store.Actor, d demoBuyer) error {
	details, faults := buyer.Clean(buyer.Typed{
		Name: d.name, NameEN: d.nameEN, TaxID: fictitiousTaxID(d.first12), Branch: d.branch, Address: d.address, Postcode: d.postcode,
		Contact: d.contact, Email: d.email, Phone: d.phone, TermsDays: d.terms, WHTRate: d.wht, Note: d.note,
	})
	if len(faults) > 0 {
		return fmt.Errorf("%s: %w", faults[0].Field, faults[0].Err)
	}
	b := store.Buyer{
		ID:   uuid.NewSHA1(maker.Merchant, []byte(strings.Join([]string{"buyer", string(details.TaxID), string(details.Branch)}, " "))),
		Name: details.Name, NameEN: details.NameEN, TaxID: string(details.TaxID), Branch: string(details.Branch), Address: details.Address,
		Postcode: details.Postcode, Contact: details.Contact, Email: details.Email, Phone: details.Phone, TermsDays: details.TermsDays,
		WHTRate: details.WHTRate, Note: details.Note,
	}
	err := k.store.Write(ctx, maker, func(tx *store.Tx) error {
		if _, err := tx.Buyer(b.ID); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.AddBuyer(b); err != nil || !d.archived {
			return err
		}
		return tx.ArchiveBuyer(b.ID, 1)
	})
	if store.Violated(err, "known_buyer_is_unique") {
		return nil // somebody typed it in already
	}
	return err
}
