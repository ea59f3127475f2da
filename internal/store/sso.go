package store

import "context"

var (
	sqlSubjectEmail = statement(`
		SELECT a.email FROM sso_subjects s JOIN accounts a ON a.person_id = s.person_id
		WHERE s.issuer = $1 AND s.subject = $2 ORDER BY a.created_at LIMIT 1`)
	sqlLinkSubject = statement(`
		INSERT INTO sso_subjects (issuer, subject, person_id) VALUES ($1, $2, $3)`)
)

// SubjectEmail is the address of whom the company's own sign-in calls so.
func (s *Store) SubjectEmail(ctx context.Context, issuer, subject string) (string, error) {
	var email string
	err := s.row(ctx, &email, sqlSubjectEmail, issuer, subject)
	return email, err
}

// LinkSubject keeps what the company's own sign-in calls the acting person. A
// second subject for one person violates person_has_one_subject.
func (t *Tx) LinkSubject(issuer, subject string) error {
	if _, err := t.exec(sqlLinkSubject, issuer, subject, t.actor.Person); err != nil {
		return err
	}
	return t.Audit("person.sso_linked", About("person", t.actor.Person), map[string]any{"issuer": issuer, "subject_sha256": hashText(subject)})
}
