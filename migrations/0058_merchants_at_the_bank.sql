-- Whose the credentials are that the worker was started with: the first
-- merchant's of an installation, unless the operator names others. Nobody else
-- is ever sent for with them.

-- +goose Up

-- Whether the acting merchant is the first of the installation. The web process
-- sees no other merchant, and so cannot tell by itself.
-- +goose StatementBegin
CREATE FUNCTION acts_for_first_merchant() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN coalesce(acting_merchant() = (SELECT m.id FROM merchants m ORDER BY m.created_at, m.id LIMIT 1), false);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION acts_for_first_merchant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acts_for_first_merchant TO portal_web, portal_worker;
