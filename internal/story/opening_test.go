package story_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/web/text"
)

const newPassword = "the password of somebody new"

// opening is a merchant that is set up from nothing, by what its pages say.
type opening struct {
	*story
	tag, taxID, account string
	promptPay           string
	one, two            *person // administrators
	maker, checker      *person
}

// The two tellings share a program, each with a merchant of its own.
func TestTheStoryOfANewMerchantInThaiAndInEnglishWithoutScripts(t *testing.T) {
	t.Parallel()
	p := start(t, "PORTAL_SECOND_FACTOR=required")
	thai := &opening{tag: "th", taxID: "0105561000101", account: "0457262823", promptPay: "0105561000101", story: &story{name: "opening-th", lang: text.TH,
		desk: browsertest.Options{Lang: "th", Width: 1280}}}
	english := &opening{tag: "en", taxID: "0105562000201", account: "0457262831", promptPay: "0105562000201", story: &story{name: "opening-noscript", lang: text.EN,
		desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, Dark: true, NoScript: true}}}
	if thorough {
		thai.mirror = browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}
	}
	for _, o := range []*opening{thai, english} {
		o.t, o.program, o.people, o.looks = t, p, map[string]*person{}, map[string]int{}
		o.twoAreLetIn()
		o.othersAreInvited()
		o.rulesAreAgreed()
		o.bankLetsThemIn()
		o.callbacksAreBelieved()
		o.restIsSet()
		o.firstBillGoesOut()
	}
	thai.theTrailHolds()
}

func (o *opening) named(who string) string { return who + "-" + o.tag }

// twoAreLetIn is what whoever runs the portal does, and what they find.
func (o *opening) twoAreLetIn() {
	o.t.Helper()
	var people [2]*person
	merchant := []string{"-merchant", "บริษัท เปิดใหม่ " + o.tag + " จำกัด", "-merchant-en", "Opening " + o.tag + " Ltd.", "-tax-id", o.taxID, "-address", "1 ถนนใหม่ กรุงเทพมหานคร 10110", "-account", o.account}
	for n, who := range []string{"first", "second"} {
		name := o.named(who)
		out, code := o.run(o.t, append([]string{"user", "add", "-dev", "-email", name + "@demo.test", "-name", "คุณ" + name}, merchant...)...)
		said := regexp.MustCompile(`for merchant (\S+)\.\s+The password, shown this once: (\S+)`).FindStringSubmatch(out)
		if code != 0 || said == nil {
			o.t.Fatalf("portal user add ended with %d: %s", code, out)
		}
		merchant = []string{"-merchant-id", said[1]}
		people[n] = o.visitor(name)
		o.enrols(people[n], said[2], n == 0 && o.scripted())
	}
	o.one, o.two = people[0], people[1]
	o.one.open("/")
	o.one.look("checklist")
	o.stands("admins", "settings.done")
	o.stands("factor", "settings.done")
	o.stands("people", "settings.to_do")
	o.one.sees("main", o.word("edge.no_bank"), o.word("settings.steps"))
}

// enrols signs somebody in for the first time, with a second factor that they
// set up on the way.
func (o *opening) enrols(p *person, password string, passkey bool) {
	o.t.Helper()
	if passkey {
		p.Authenticator()
	}
	p.open("/sign-in")
	p.choose(p.Page)
	p.enter(p.Page, password)
	p.arrives("/account/factors")
	p.look("factors")
	if passkey {
		p.Click("form[data-passkey] button")
	} else {
		p.Click(`form[action="/account/factors/app"] button`)
		phone := apptest.PhoneOf(o.t, p.Text("#key"))
		p.Fill("[name=code]", phone.Code(time.Now()))
		p.Submit("form.form")
	}
	p.arrives("/account/factors/codes")
	p.look("codes")
}

// stands holds the checklist of the first administrator to how a step stands.
func (o *opening) stands(step, key string) {
	o.t.Helper()
	o.one.open("/")
	o.one.sees(`[data-step=`+step+`] .step`, o.word(key))
}

// waits holds the checklists of both to whose turn it is.
func (o *opening) waits(step string) {
	o.t.Helper()
	o.one.open("/")
	o.one.sees(`[data-step=`+step+`]`, o.word("settings.waits_for", "person", "คุณ"+o.named("second")))
	o.two.open("/")
	o.two.sees(`[data-step=`+step+`]`, o.word("settings.waits_for_you", "person", "คุณ"+o.named("first")))
}

// begins follows the checklist to where a step is done.
func (o *opening) begins(step, path string) {
	o.t.Helper()
	o.one.open("/")
	o.one.Click(`[data-step=` + step + `] a`)
	o.one.arrives(path)
	o.one.look(step)
}

// isTold finds a notice about what waits, and follows it.
func (o *opening) isTold(p *person, key, path string, pairs ...any) {
	o.t.Helper()
	p.open("/notices")
	said := o.word(key, append([]any{"by", "คุณ" + o.named("first")}, pairs...)...)
	p.reload("main", said)
	p.look("notices")
	p.open(path)
}

// othersAreInvited has the maker, the checker and the auditor invited by one,
// confirmed by the other, and let in by the mail that each of them gets.
func (o *opening) othersAreInvited() {
	o.t.Helper()
	for _, duty := range []string{"maker", "checker", "auditor"} {
		o.begins("people", "/admin/people/new")
		o.one.Fill("[name=name]", "คุณ"+o.named(duty))
		o.one.Fill("[name=email]", o.named(duty)+"@demo.test")
		o.one.Fill("[name=note]", "เริ่มงาน")
		o.one.Click(`[name=duties][value=` + duty + `]`)
		o.one.Submit("form.form")
		o.one.arrives("/admin/people")
	}
	o.waits("people")
	o.isTold(o.two, "notice.kind.person_proposed", "/admin/people", "title", "คุณ"+o.named("maker"))
	o.two.look("changes")
	for range 3 {
		o.two.Submit("#open-changes form")
		o.two.WaitText(".notice", o.word("people.confirmed"))
	}
	o.one.open("/")
	o.one.sees("[data-step=people]", o.word("settings.waits_to_accept", "people", "")[:6])
	for _, duty := range []string{"maker", "checker", "auditor"} {
		p := o.visitor(o.named(duty))
		p.open("/sign-in")
		p.choose(p.Page)
		p.Go(o.linkTo(p.name + "@demo.test"))
		p.look("invitation")
		p.Fill("[name=password]", newPassword)
		p.Fill("[name=again]", newPassword)
		p.Submit("form.form")
		p.arrives("/sign-in")
		o.enrols(p, newPassword, false)
		switch duty {
		case "maker":
			o.maker = p
		case "checker":
			o.checker = p
		}
	}
	o.stands("people", "settings.done")
	o.stands("cover", "settings.done")
	o.one.open("/admin/people")
	o.one.look("people")
}

// linkTo reads the mail that somebody was sent.
func (o *opening) linkTo(address string) string {
	o.t.Helper()
	o.one.open("/mail")
	o.one.reload("tbody", address)
	row := o.attribute(o.one, `<a href="(/mail/[^"]+)">[^<]*</a></td>\s*<td class="meta">[^<]*`+regexp.QuoteMeta(address), nil)
	o.one.open(row)
	o.one.look("mail")
	o.one.sees("pre", strings.Fields(o.word("notice.mail.trial"))[0])
	return regexp.MustCompile(`http://\S+/invitation\?t=\S+`).FindString(o.one.Text("pre"))
}

// rulesAreAgreed has one propose two bands and the other approve them.
func (o *opening) rulesAreAgreed() {
	o.t.Helper()
	o.begins("rules", "/admin/policies/new")
	o.one.Click(`button[value="add-0"]`)
	o.one.Fill(`[name="up-to-0-0-0"]`, "100000")
	o.one.Select(`[name="people-0-1-0"]`, "1")
	o.one.Fill("[name=note]", "เริ่มใช้")
	o.one.look("bands")
	o.one.Click(`button[value=propose]`)
	o.one.WaitText(".notice", o.word("policy.proposed"))
	o.waits("rules")
	o.isTold(o.two, "notice.kind.policy_proposed", "/admin/policies")
	o.two.look("proposal")
	o.two.Submit(`form[action$="/approval"]`)
	o.stands("rules", "settings.done")
}

// bankLetsThemIn has the credentials tried at the bank, and confirmed.
func (o *opening) bankLetsThemIn() {
	o.t.Helper()
	o.begins("bank", "/admin/settings/bank")
	enter := func(secret string) {
		o.one.Fill("[name=client_id]", "portal-dev")
		o.one.Fill("[name=client_secret]", secret)
		o.one.Fill("[name=note]", "สัญญาใหม่")
		o.one.Submit(`form[action="/admin/settings/bank"]`)
	}
	enter("short")
	o.one.gets(http.StatusUnprocessableEntity)
	o.one.look("short-secret")
	enter("not-the-secret-of-anybody")
	o.one.reload("#proposal", o.word("settings.trial.refused"))
	o.one.look("refused")
	o.one.Click(`button[formaction$="/withdrawal"]`)
	o.one.WaitText(".notice", o.word("settings.withdrawn"))
	enter(o.made(o.t)["client_secret"])
	o.one.reload("#proposal", o.word("settings.trial.accepted"))
	o.waits("bank")
	o.isTold(o.two, "notice.kind.bank_proposed", "/admin/settings/bank", "title", "portal-dev")
	o.two.look("credentials")
	o.two.Submit(`form[action$="/confirmation"]`)
	o.two.WaitText(".notice", o.word("settings.confirmed"))
	o.stands("bank", "settings.done")
	if strings.Contains(o.one.Text("main"), o.word("edge.no_bank")) {
		o.t.Error("the page still says that there are no credentials")
	}
}

func (o *opening) callbacksAreBelieved() {
	o.t.Helper()
	o.begins("callbacks", "/admin/settings/callbacks")
	o.one.Fill("[name=note]", "เริ่มใช้")
	o.one.Submit(`form[action="/admin/settings/callbacks"]`)
	if secret := o.one.Text("#secret code"); len(secret) != 52 {
		o.t.Errorf("the secret is %d letters long", len(secret))
	}
	o.one.look("secret")
	o.two.open("/admin/settings/callbacks")
	o.two.look("secret-waits")
	o.two.Submit(`form[action$="/confirmation"]`)
	o.two.WaitText(".notice", o.word("settings.secret_confirmed"))
	o.one.open("/")
	o.one.sees("#setup", o.word("settings.ready"))
	o.one.look("ready")
}

// restIsSet is what may wait: the PromptPay id, numbers, holidays, the logo.
func (o *opening) restIsSet() {
	o.t.Helper()
	o.stands("account", "settings.done")
	o.begins("promptpay", "/promptpay-ids")
	o.one.Fill("[name=value]", o.promptPay)
	o.one.Fill("[name=label]", "ร้าน "+o.tag)
	o.one.Submit(`form[action="/promptpay-ids"]`)
	o.isTold(o.checker, "notice.kind.promptpay_proposed", "/promptpay-ids", "title", "ร้าน "+o.tag)
	o.checker.Submit(`form[action$="/approval"]`)
	o.stands("promptpay", "settings.done")
	o.begins("numbers", "/numbers/new")
	o.one.Fill("[name=prefix]", "RC")
	o.one.Click("button[value=save]")
	o.stands("numbers", "settings.done")
	o.begins("holidays", "/holidays")
	o.begins("logo", "/admin/settings/logo")
	o.one.Upload("[name=logo]", o.file("logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)))
	o.one.Submit(`form[action="/admin/settings/logo"]`)
	o.one.gets(http.StatusUnprocessableEntity)
	o.one.sees("main", o.word("settings.logo.other_kind"))
	o.one.look("logo-refused")
	o.one.Upload("[name=logo]", o.file("logo.png", mark(o.t)))
	o.one.Submit(`form[action="/admin/settings/logo"]`)
	o.one.WaitText(".notice", o.word("settings.logo.set_now"))
	o.one.WaitFor(".logo img")
	o.one.look("logo-set")
	o.stands("logo", "settings.done")
	o.one.open("/admin/settings")
	o.one.look("settings")
}

// mark is a logo.
func mark(t *testing.T) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 320, 96))
	for y := range 96 {
		for x := range 320 {
			p.Set(x, y, color.White)
			if dx, dy := x-48, y-48; dx*dx+dy*dy < 44*44 || x > 110 && y > 30 && y < 66 {
				p.Set(x, y, color.RGBA{R: 11, G: 85, B: 99, A: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// firstBillGoesOut takes a bill, with the paper that the portal draws, from its
// maker to the bank.
func (o *opening) firstBillGoesOut() {
	o.t.Helper()
	number := "OPEN-" + strings.ToUpper(o.tag)
	o.maker.open("/presentments/new")
	o.theFormIsFilled(o.maker, number, buyerTaxID)
	b := bill{number: number, path: o.draftOf(o.maker)}
	o.maker.Submit(`form[action$="/documents/drawn"]`)
	o.maker.sees("main", o.word("document.drawn"))
	o.maker.open(b.path)
	o.maker.Click(`.page-header a[href$="/submission/new"]`)
	o.maker.Submit(`form[action$="/submission"]`)
	o.maker.arrives(b.path)
	b.approval = o.attribute(o.maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	o.checker.open(b.approval)
	o.checker.Submit(`form[action$="/approval"]`)
	o.checker.sees("main", o.word("approval.done"))
	o.checker.open(b.path)
	o.becomes(o.checker, "presentment.turn.presented")
	o.checker.look("presented")
	o.theBankHasIt(b)
}
