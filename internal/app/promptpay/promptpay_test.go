package promptpay_test

import (
	"errors"
	"testing"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]promptpay.ID{
		"0801234567":           {Kind: promptpay.Mobile, Value: "0801234567"},
		"080-123-4567":         {Kind: promptpay.Mobile, Value: "0801234567"},
		" 081 234 5678 ":       {Kind: promptpay.Mobile, Value: "0812345678"},
		"๐๘๑-๒๓๔-๕๖๗๘":         {Kind: promptpay.Mobile, Value: "0812345678"},
		"+66801234567":         {Kind: promptpay.Mobile, Value: "0801234567"},
		"+66 080 123 4567":     {Kind: promptpay.Mobile, Value: "0801234567"},
		"0066801234567":        {Kind: promptpay.Mobile, Value: "0801234567"},
		"66801234567":          {Kind: promptpay.Mobile, Value: "0801234567"},
		"0107536001079":        {Kind: promptpay.Tax, Value: "0107536001079"},
		"0-1075-36000-31-5":    {Kind: promptpay.Tax, Value: "0107536000315"},
		"0994000165501":        {Kind: promptpay.Tax, Value: "0994000165501"},
		"1234567890121":        {Kind: promptpay.National, Value: "1234567890121"},
		"1-2345-67890-12-1":    {Kind: promptpay.National, Value: "1234567890121"},
		"099400016550100":      {Kind: promptpay.Biller, Value: "099400016550100"},
		"140000812345678":      {Kind: promptpay.EWallet, Value: "140000812345678"},
		"123456789012345":      {Kind: promptpay.EWallet, Value: "123456789012345"},
		"0-9940-00165-50-1 00": {Kind: promptpay.Biller, Value: "099400016550100"},
	} {
		if got, err := promptpay.Parse(typed); got != want || err != nil {
			t.Errorf("Parse(%q) = %v, %v; want %v", typed, got, err, want)
		}
	}
	for typed, want := range map[string]error{
		"":                promptpay.ErrLength,
		"081234567":       promptpay.ErrLength,
		"021234567":       promptpay.ErrLength,
		"0212345678":      promptpay.ErrMobile,
		"0112345678":      promptpay.ErrMobile,
		"+1 212 555 0100": promptpay.ErrMobile,
		"+66 21 234 567":  promptpay.ErrLength,
		"0115085911101":   promptpay.ErrCheckDigit,
		"1111111111111":   promptpay.ErrCheckDigit,
		"0000000000000":   promptpay.ErrCheckDigit,
		"099400016550200": promptpay.ErrCheckDigit,
		"08l2345678":      promptpay.ErrCharacters,
		"081/234/5678":    promptpay.ErrCharacters,
		"a@example.com":   promptpay.ErrCharacters,
	} {
		if got, err := promptpay.Parse(typed); !errors.Is(err, want) || !got.IsZero() {
			t.Errorf("Parse(%q) = %v, %v; want %v", typed, got, err, want)
		}
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, printed, masked, bank string }{
		{"0812345678", "081-234-5678", "08x-xxx-5678", "MSISDN"},
		{"1234567890121", "1-2345-67890-12-1", "x-xxxx-xxxxx-12-1", "NATID"},
		{"0107536001079", "0-1075-36001-07-9", "0-1075-36001-07-9", "NATID"},
		{"140000812345678", "140-0008-1234-5678", "xxx-xxxx-xxxx-5678", "EWALLETID"},
		{"099400016550100", "0-9940-00165-50-1 00", "0-9940-00165-50-1 00", "BILLERID"},
	} {
		id, err := promptpay.Parse(c.value)
		if err != nil || id.Format() != c.printed || id.Mask() != c.masked {
			t.Errorf("%s is printed %q and masked %q (%v)", c.value, id.Format(), id.Mask(), err)
		}
		proxy, value := id.Bank()
		back, err := promptpay.FromBank(proxy, value)
		if proxy != c.bank || back != id || err != nil {
			t.Errorf("%s is %s %s at the bank, which reads as %v (%v)", c.value, proxy, value, back, err)
		}
	}
}

func TestWhatTheBankTells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		proxy, value string
		want         promptpay.ID
	}{
		{"MSISDN", "0066812345678", promptpay.ID{Kind: promptpay.Mobile, Value: "0812345678"}},
		{"BILLERID", "112233445566021", promptpay.ID{Kind: promptpay.Biller, Value: "112233445566021"}},
		{"EWALLETID", "012345678901234", promptpay.ID{Kind: promptpay.EWallet, Value: "012345678901234"}},
	} {
		if got, err := promptpay.FromBank(c.proxy, c.value); got != c.want || err != nil {
			t.Errorf("%s %s reads as %v (%v)", c.proxy, c.value, got, err)
		}
	}
	for _, c := range [][2]string{{"MSISDN", "1234567890121"}, {"NATID", "0812345678"}, {"BANKACCOUNT", "0251234567890"}, {"", ""}, {"EWALLETID", "1"}, {"NATID", "x"}} {
		if got, err := promptpay.FromBank(c[0], c[1]); err == nil {
			t.Errorf("%v reads as %v", c, got)
		}
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	today := thai.Day{Year: 2026, Month: time.November, Day: 22}
	now := today.Time().Add(14 * time.Hour)
	for _, c := range []struct {
		day  thai.Day
		at   time.Duration
		want promptpay.Timing
	}{
		{today.AddDays(-1), 23 * time.Hour, promptpay.Past},
		{today, 0, promptpay.Now},
		{today, 13 * time.Hour, promptpay.Now},
		{today, 14 * time.Hour, promptpay.Now},
		{today, 14*time.Hour + time.Minute, promptpay.Scheduled},
		{today.AddDays(1), 0, promptpay.Scheduled},
		{today.AddDays(30), 9 * time.Hour, promptpay.Scheduled},
		{today.AddDays(31), 0, promptpay.TooFar},
	} {
		if got := promptpay.When(c.day, c.at, now); got != c.want {
			t.Errorf("%s %s is %s, want %s", c.day, c.at, got, c.want)
		}
	}
	// Until one at night in Bangkok it is yesterday in London.
	if got := promptpay.When(today, 0, today.Time().UTC().Add(time.Minute)); got != promptpay.Now {
		t.Errorf("just after midnight today is %s", got)
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 22, 14, 0, 0, 0, thai.Bangkok)
	for _, c := range []struct {
		sent, ends time.Duration
		want       promptpay.Lapse
	}{
		{-time.Hour, 14 * time.Minute, promptpay.EndsEarly},
		{0, 15 * time.Minute, promptpay.EndsWell},
		{24 * time.Hour, 24 * time.Hour, promptpay.EndsEarly},
		{0, 30 * 24 * time.Hour, promptpay.EndsWell},
		{0, 30*24*time.Hour + time.Second, promptpay.EndsLate},
		{24 * time.Hour, 31 * 24 * time.Hour, promptpay.EndsWell},
	} {
		if got := promptpay.Ends(now.Add(c.sent), now.Add(c.ends), now); got != c.want {
			t.Errorf("sent after %s and open until %s: %q, want %q", c.sent, c.ends, got, c.want)
		}
	}
}

// Whatever is typed: what is accepted reads again as itself, from paper and
// from the bank, and its mask hides a person's.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0812345678", "+66 81 234 5678", "1234567890121", "0107536001079", "099400016550100", "140000812345678", "๐๘๑", "+", "0066", "\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := promptpay.Parse(typed)
		if err != nil {
			if !id.IsZero() {
				t.Fatalf("%q is refused and read as %v", typed, id)
			}
			return
		}
		if again, err := promptpay.Parse(id.Format()); again != id || err != nil {
			t.Errorf("%q is printed %q, which reads as %v (%v)", typed, id.Format(), again, err)
		}
		if back, err := promptpay.FromBank(id.Bank()); back != id || err != nil {
			t.Errorf("%q comes back from the bank as %v (%v)", typed, back, err)
		}
		if id.Personal() && id.Mask() == id.Format() {
			t.Errorf("the mask of %q hides nothing", typed)
		}
	})
}
