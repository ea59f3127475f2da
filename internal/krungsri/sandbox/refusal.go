package sandbox

import (
	"fmt"
	"net/http"

	"portal/internal/krungsri"
)

// refusal is an error answer in the bank's words. It is also what stops a handler.
type refusal struct {
	status  int
	code    string
	message string
	thai    string
}

func refuse(status int, code, thai, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...), thai}
}

func invalid(member, format string, args ...any) *refusal {
	return &refusal{
		http.StatusBadRequest, krungsri.MemberCode(member),
		"invalid " + member + ": " + fmt.Sprintf(format, args...), "ข้อมูล " + member + " ไม่ถูกต้อง",
	}
}

func notFound(what, reference string) *refusal {
	return refuse(http.StatusNotFound, krungsri.CodeNotFound, "ไม่พบรายการ", "%s %s not found", what, reference)
}

func wrongState(format string, args ...any) *refusal {
	return refuse(http.StatusUnprocessableEntity, krungsri.CodeWrongState, "สถานะของรายการไม่อนุญาตให้ทำรายการนี้", format, args...)
}

func duplicate(format string, args ...any) *refusal {
	return refuse(http.StatusConflict, krungsri.CodeDuplicate, "เลขที่อ้างอิงซ้ำ", format, args...)
}

type envelope struct {
	Error struct {
		Code                string           `json:"code"`
		Message             string           `json:"message"`
		MessageTH           string           `json:"messageTH"`
		ServerDateTime      krungsri.Instant `json:"serverDateTime"`
		ClientTransactionID string           `json:"clientTransactionID"`
		ServerTransactionID string           `json:"serverTransactionID"`
	} `json:"error"`
}
