package store

import (
	_ "embed"
	"fmt"
	"strings"
)

// expectedGuards is what Guards gives on a freshly migrated database. A test
// compares the two; after a migration run it with -update and read the diff.
//
//go:embed trail_guards.txt
var expectedGuards string

// Every fact is one line, so that a difference names what differs. The owner's
// name differs from place to place, and is written as OWNER.
var sqlGuards = statement(`
	WITH ours AS (
		SELECT c.oid, c.relname, c.relkind, c.relacl, c.relowner, c.relrowsecurity, c.relforcerowsecurity
		FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relname NOT LIKE 'goose%'
	), owner AS (
		SELECT relowner AS oid FROM ours WHERE relname = 'audit_leaves'
	), granted AS (
		SELECT format('%s %s', CASE o.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, o.relname) AS what, a.* FROM ours o, aclexplode(o.relacl) a
		UNION ALL
		SELECT format('column %s.%s', o.relname, t.attname), a.* FROM ours o JOIN pg_attribute t ON t.attrelid = o.oid, aclexplode(t.attacl) a
		UNION ALL
		SELECT format('function %s', p.oid::regprocedure), a.* FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
		WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
		UNION ALL
		SELECT 'schema public', a.* FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE'
	), facts AS (
		SELECT format('trigger %s on %s %s: %s', t.tgname, o.relname, CASE t.tgenabled WHEN 'O' THEN 'enabled' ELSE 'NOT ENABLED ' || t.tgenabled::text END, pg_get_triggerdef(t.oid)) AS fact
		FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid WHERE NOT t.tgisinternal
		UNION ALL
		SELECT format('foreign keys of %s are not enforced', o.relname) FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid WHERE t.tgisinternal AND t.tgenabled <> 'O'
		UNION ALL
		SELECT format('row security of %s: %s, %s', o.relname, CASE WHEN o.relrowsecurity THEN 'on' ELSE 'off' END, CASE WHEN o.relforcerowsecurity THEN 'forced' ELSE 'not forced' END)
		FROM ours o WHERE o.relkind IN ('r', 'p')
		UNION ALL
		SELECT format('policy %s on %s: %s %s to %s using %s check %s', p.policyname, p.tablename, p.permissive, p.cmd,
			(SELECT string_agg(CASE WHEN r = (SELECT rolname FROM pg_roles, owner WHERE pg_roles.oid = owner.oid) THEN 'OWNER' ELSE r END, ',' ORDER BY r) FROM unnest(p.roles) r),
			coalesce(p.qual, '-'), coalesce(p.with_check, '-'))
		FROM pg_policies p WHERE p.schemaname = 'public'
		UNION ALL
		SELECT format('constraint %s on %s: %s%s', k.conname, o.relname, pg_get_constraintdef(k.oid), CASE WHEN k.convalidated THEN '' ELSE ' NOT VALIDATED' END)
		FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
		UNION ALL
		SELECT format('generated column %s.%s: %s', o.relname, t.attname, pg_get_expr(d.adbin, d.adrelid))
		FROM ours o JOIN pg_attribute t ON t.attrelid = o.oid JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = t.attnum
		UNION ALL
		SELECT format('grant %s on %s to %s', privilege_type, what, CASE WHEN grantee = 0 THEN 'everybody' ELSE grantee::regrole::text END) || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END
		FROM granted, owner WHERE grantee <> owner.oid
		UNION ALL
		SELECT format('function %s: %s%s %s %s', p.oid::regprocedure, l.lanname, CASE WHEN p.prosecdef THEN ' as its definer' ELSE '' END,
			coalesce(array_to_string(p.proconfig, ' '), '-'), encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'))
		FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace
		  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
		UNION ALL
		SELECT format('event trigger %s', evtname) FROM pg_event_trigger WHERE evtfoid::regproc::text NOT LIKE 'pg_catalog.%' AND evtenabled <> 'D'
		UNION ALL
		SELECT format('rule %s on %s', rulename, tablename) FROM pg_rules WHERE schemaname = 'public'
		UNION ALL
		SELECT format('role %s: %s', rolname, CASE WHEN rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication THEN 'CAN DO ANYTHING' ELSE 'restricted' END)
		FROM pg_roles WHERE rolname IN ('portal_web', 'portal_worker', 'portal_sequencer')
		UNION ALL
		SELECT format('role %s is a member of %s', m.member::regrole, m.roleid::regrole) FROM pg_auth_members m
		WHERE m.member IN (SELECT oid FROM pg_roles WHERE rolname IN ('portal_web', 'portal_worker', 'portal_sequencer'))
		UNION ALL
		SELECT format('setting %s', c) FROM pg_db_role_setting s, unnest(s.setconfig) c
		WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
		  AND (c LIKE 'session_replication_role=%' OR c LIKE 'row_security=%' OR c LIKE 'search_path=%' OR c LIKE 'portal.%')
	)
	SELECT DISTINCT fact COLLATE "C" AS fact FROM facts ORDER BY 1`)

// Guards lists what keeps this database from being changed unseen: triggers,
// row-level security, policies, constraints, grants and function bodies, one
// line each.
func (q *Query) Guards() ([]string, error) {
	var facts []string
	if err := q.all(&facts, sqlGuards); err != nil {
		return nil, fmt.Errorf("listing the guards: %w", err)
	}
	for n, f := range facts {
		facts[n] = canonical(strings.Join(strings.Fields(f), " ")) // Postgres breaks long expressions into lines
	}
	return facts, nil
}

// GuardDrift compares the guards with those of a freshly migrated database, in
// a sentence for each difference. Any role may ask; every process should when
// it starts.
func (q *Query) GuardDrift() ([]string, error) {
	facts, err := q.Guards()
	if err != nil {
		return nil, err
	}
	var drift []string
	here := make(map[string]bool, len(facts))
	for _, f := range facts {
		here[f] = true
	}
	for line := range strings.Lines(expectedGuards) {
		line = strings.TrimSuffix(line, "\n")
		if !here[line] {
			drift = append(drift, "The database lacks: "+line)
		}
		delete(here, line)
	}
	for _, f := range facts {
		if here[f] {
			drift = append(drift, "The database has, and should not: "+f)
		}
	}
	return drift, nil
}

func (w *walk) guards() error {
	drift, err := w.q.GuardDrift()
	for _, d := range drift {
		w.report.add(-1, Unguarded, "%s", d)
	}
	return err
}
