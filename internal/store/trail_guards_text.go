package store

import "strings"

// canonical writes chains of AND and of OR in the one way that does not tell in
// which order they were put together: Postgres prints (a OR b) OR c as it was
// written, and a OR b OR c once it was dumped and restored.
func canonical(fact string) string {
	operands, operator := operandsOf(fact)
	for n, o := range operands {
		operands[n] = canonicalGroups(o)
	}
	if operator == "" {
		return operands[0]
	}
	for n, o := range operands {
		if inner, ok := onlyGroup(o); ok {
			if _, same := operandsOf(inner); same == operator {
				operands[n] = inner
			}
		}
	}
	return strings.Join(operands, operator)
}

// canonicalGroups rewrites what stands in brackets.
func canonicalGroups(text string) string {
	var b strings.Builder
	for {
		open := nextOutsideQuotes(text, '(')
		if open < 0 {
			break
		}
		end := closing(text, open)
		if end < 0 {
			break // not an expression, or one cut off: as it stands
		}
		b.WriteString(text[:open+1])
		b.WriteString(canonical(text[open+1 : end]))
		b.WriteByte(')')
		text = text[end+1:]
	}
	b.WriteString(text)
	return b.String()
}

// operandsOf splits at the ANDs or at the ORs outside of brackets. The operator
// is empty where there is none, or where there are both.
func operandsOf(text string) (operands []string, operator string) {
	start, depth := 0, 0
	for n := 0; n < len(text); n++ {
		switch text[n] {
		case '\'', '"':
			n = quoteEnd(text, n)
		case '(':
			depth++
		case ')':
			depth--
		case ' ':
			for _, o := range []string{" AND ", " OR "} {
				if depth != 0 || !strings.HasPrefix(text[n:], o) {
					continue
				}
				if operator != "" && operator != o {
					return []string{text}, ""
				}
				operator, operands = o, append(operands, text[start:n])
				start = n + len(o)
				n = start - 1
				break
			}
		}
	}
	return append(operands, text[start:]), operator
}

// onlyGroup is what stands inside of brackets that hold all of text.
func onlyGroup(text string) (inner string, ok bool) {
	if !strings.HasPrefix(text, "(") || closing(text, 0) != len(text)-1 {
		return "", false
	}
	return text[1 : len(text)-1], true
}

// closing is where the bracket that opens at n closes, or -1.
func closing(text string, n int) int {
	depth := 0
	for ; n < len(text); n++ {
		switch text[n] {
		case '\'', '"':
			n = quoteEnd(text, n)
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return -1
}

func nextOutsideQuotes(text string, wanted byte) int {
	for n := 0; n < len(text); n++ {
		switch text[n] {
		case '\'', '"':
			n = quoteEnd(text, n)
		case wanted:
			return n
		}
	}
	return -1
}

// quoteEnd is where the quotation that begins at n ends. A doubled quote begins
// the next one at once, which comes to the same.
func quoteEnd(text string, n int) int {
	if end := strings.IndexByte(text[n+1:], text[n]); end >= 0 {
		return n + 1 + end
	}
	return len(text)
}
