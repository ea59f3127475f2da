package store

// Merchant is a business that uses the portal.
type Merchant struct {
	ID            ID     `db:"id"`
	NameTH        string `db:"name_th"`
	NameEN        string `db:"name_en"`
	TaxID         string `db:"tax_id"`
	Branch        string `db:"branch"`
	Address       string `db:"address"`
	AccountNumber string `db:"account_number"`
	// LogoHash is of the logo that its papers are drawn with; empty without one.
	LogoHash []byte `db:"logo_hash"`
}

var sqlMerchant = statement(`
	SELECT m.id, m.name_th, m.name_en, m.tax_id, m.branch, m.address, m.account_number, l.image_hash AS logo_hash
	FROM merchants m LEFT JOIN merchant_logos l ON l.merchant_id = m.id WHERE m.id = $1`)

// Merchant returns the acting merchant.
func (q *Query) Merchant() (Merchant, error) {
	var m Merchant
	err := q.get(&m, sqlMerchant, q.actor.Merchant)
	return m, err
}

var sqlInsertMerchant = statement(`
	INSERT INTO merchants (id, name_th, name_en, tax_id, branch, address, account_number)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`)

// AddMerchant adds m under m.ID, or under a new id when it has none. Only the
// owner role may; a policy must follow before anything can be submitted.
func (t *Tx) AddMerchant(m Merchant) (ID, error) {
	if m.ID == NoID {
		m.ID = NewID()
	}
	if _, err := t.exec(sqlInsertMerchant, m.ID, m.NameTH, m.NameEN, m.TaxID, m.Branch, m.Address, m.AccountNumber); err != nil {
		return NoID, err
	}
	return m.ID, t.Audit("merchant.added", About("merchant", m.ID), map[string]any{
		"name_th": m.NameTH, "name_en": m.NameEN, "tax_id": m.TaxID, "branch": m.Branch, "address": m.Address,
		"account_number_sha256": hashText(m.AccountNumber),
	})
}
