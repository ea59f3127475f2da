package store

var sqlEndSessionsOf = statement(`SELECT coalesce(end_sessions_of($1), -1)`)

// EndSessionsOf ends all sessions of a colleague. ErrNotFound means that they
// work elsewhere, or that the actor is no administrator.
func (t *Tx) EndSessionsOf(person ID) error {
	n, err := row[int64](t.Query, sqlEndSessionsOf, person)
	if err == nil && n < 0 {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return t.Audit("person.sessions_ended", About("person", person), map[string]any{"sessions": n})
}
