package store

import "github.com/lib/pq"

var (
	sqlDeciders = statement(`
		SELECT p.name FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND 'checker' = ANY (b.duties) AND p.disabled_at IS NULL
			AND NOT EXISTS (SELECT FROM instruction_authors x WHERE x.instruction_id = $2 AND x.person_id = b.person_id)
			AND NOT EXISTS (SELECT FROM approvals y WHERE y.instruction_id = $2 AND y.person_id = b.person_id)
		ORDER BY p.name, p.id`)
	sqlCheckersBesides = statement(`
		SELECT p.name FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND 'checker' = ANY (b.duties) AND p.disabled_at IS NULL AND b.person_id <> ALL ($2::uuid[])
		ORDER BY p.name, p.id`)
	sqlMayDecide = statement(`SELECT ` + mayDecide + ` FROM instructions i WHERE i.merchant_id = $1 AND i.id = $3`)
)

// Deciders names the people who may still decide on an instruction: checkers
// who had no hand in its content and have not approved it yet.
func (q *Query) Deciders(instruction ID) ([]string, error) {
	return rows[string](q, sqlDeciders, q.actor.Merchant, instruction)
}

// CheckersBesides names the checkers who are not among people: who could
// decide on something that these people had a hand in.
func (q *Query) CheckersBesides(people IDs) ([]string, error) {
	return rows[string](q, sqlCheckersBesides, q.actor.Merchant, pq.Array(people))
}

// MayDecide reports whether the acting person is one of the Deciders, by the
// rule of the inbox.
func (q *Query) MayDecide(instruction ID) (bool, error) {
	return row[bool](q, sqlMayDecide, q.actor.Merchant, q.actor.Person, instruction)
}

var sqlDuties = statement(`
	SELECT b.duties FROM memberships b JOIN people p ON p.id = b.person_id
	WHERE b.merchant_id = $1 AND b.person_id = $2 AND p.disabled_at IS NULL`)

// Duties are what the acting person may do for the acting merchant; none is no
// error.
func (q *Query) Duties() (Duties, error) {
	list, err := rows[pq.StringArray](q, sqlDuties, q.actor.Merchant, q.actor.Person)
	var duties Duties
	for _, row := range list {
		for _, d := range row {
			duties = append(duties, Duty(d))
		}
	}
	return duties, err
}
