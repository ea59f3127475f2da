package store

// SealedAt seals as the writers of each table do, for tests that put a cell
// where no writer is at hand.
func (t *Tx) SealedAt(table, column, row string, whose ID, plain string) ([]byte, error) {
	return t.sealed(place{table, column, row, whose}, []byte(plain))
}

// CellAt opens what stands there.
func (q *Query) CellAt(table, column, row string, whose ID, cell []byte) ([]byte, error) {
	return q.opened(place{table, column, row, whose}, cell)
}
