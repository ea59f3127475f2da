package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

func TestAMendOfManyThatIsTriedAgainMendsAllOfThem(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	short := func(number string) string {
		return strings.Replace(csvBill(number), "0105562000007", "105562000007", 1)
	}
	at, page := bringIn(t, c, "bills.csv", csvFile(short("A-1"), short("A-2"), short("A-3")))
	wantSums(t, page, "0", "3")
	// The first try fails as one does whose locks cross with another's.
	w.DB.Exec(`CREATE SEQUENCE tries; GRANT USAGE ON SEQUENCE tries TO PUBLIC;
		CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('tries') = 1 THEN
				RAISE EXCEPTION 'could not serialize' USING ERRCODE = 'serialization_failure';
			END IF;
			RETURN NULL;
		END $$;
		CREATE TRIGGER fail_once BEFORE UPDATE ON import_rows FOR EACH STATEMENT EXECUTE FUNCTION fail_once()`)
	if a := c.Post(at+"/fixes", "rule", "tax_id_zero", "field", "buyer_tax_id", "kind", "zero"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, clipped(a.Body))
	}
	wantSums(t, c.Get(at), "3", "0")
}
