-- What PostgreSQL lacks of Redshift's functions, and what it has under their names and does otherwise.
-- https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
SET allow_system_table_mods = on;

-- These of PostgreSQL's make room for those below, or for those of DOUBLE PRECISION, which Redshift computes
-- in whatever the arguments are.
DO $do$
DECLARE
    name text;
    signature regprocedure;
BEGIN
    FOR name, signature IN
        SELECT proname, oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND (
            proname IN (
                'bpcharcmp', 'bttext_pattern_cmp', 'chr', 'concat', 'date_add', 'date_part', 'decode', 'initcap',
                'json_array_length', 'json_extract_path_text', 'left', 'log', 'lower', 'quote_literal', 'regexp_count',
                'regexp_instr', 'regexp_replace', 'regexp_substr', 'right', 'split_part', 'to_date', 'to_timestamp',
                'upper'
            )
            OR (proargtypes[0]::regtype IN ('smallint', 'integer', 'bigint', 'numeric') AND proname IN (
                'avg', 'exp', 'pow', 'power', 'sqrt', 'stddev', 'stddev_pop', 'stddev_samp', 'var_pop', 'var_samp',
                'variance'
            ))
            OR (proname = 'to_char' AND proargtypes[0]::regtype NOT IN ('timestamptz', 'interval'))
            OR (proname = 'random' AND pronargs > 0)
            OR oid IN (
                'sum(bigint)'::regprocedure, 'octet_length(character)'::regprocedure,
                'substring(text, text)'::regprocedure, 'substring(text, text, text)'::regprocedure,
                'lag(anycompatible, integer, anycompatible)'::regprocedure,
                'lead(anycompatible, integer, anycompatible)'::regprocedure,
                'date_trunc(text, timestamptz, text)'::regprocedure
            )
        )
    LOOP
        EXECUTE format('ALTER ROUTINE %s RENAME TO %I', signature, 'postgres_' || name);
    END LOOP;
END $do$;

-- Makes a function, or one for each of some types, which ? stands for.
CREATE PROCEDURE sandbox.define(signature text, result text, body text, types text DEFAULT '?') LANGUAGE plpgsql AS $$
DECLARE type text;
BEGIN
    FOREACH type IN ARRAY string_to_array(types, ', ') LOOP
        EXECUTE replace(format(
            'CREATE FUNCTION %s RETURNS %s %s PARALLEL SAFE LANGUAGE sql RETURN %s',
            signature, result, CASE WHEN result ~ 'STABLE' THEN '' ELSE 'IMMUTABLE' END, body
        ), '?', type);
    END LOOP;
END $$;

-- What is refused has to name the value that it is refused for: a constant would be before any value is looked at.
CREATE FUNCTION sandbox.refuse(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'the sandbox does not do %', what USING ERRCODE = 'feature_not_supported';
END $$;


-- https://docs.aws.amazon.com/redshift/latest/dg/r_System_information_functions.html
CALL sandbox.define('sandbox.current_user_id()', 'integer STABLE',
    'to_regrole(quote_ident(current_user))::oid::integer');
CREATE FUNCTION pg_catalog.pg_get_cols(name text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT nspname, relname, attname, format_type(atttypid, atttypmod)::varchar, attnum::integer
    FROM pg_attribute
    INNER JOIN pg_class ON pg_class.oid = attrelid
    INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
$$;
CREATE FUNCTION pg_catalog.pg_timezone_abbrevs(OUT abbrev text, OUT utc_offset interval, OUT is_dst boolean)
RETURNS SETOF record LANGUAGE sql STABLE AS 'SELECT * FROM pg_timezone_abbrevs';

-- The first and the last value that is known: FIRST_VALUE, LAST_VALUE, LAG and LEAD with IGNORE NULLS.
CREATE FUNCTION sandbox.earlier(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION sandbox.later(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $2';
CREATE AGGREGATE sandbox.first_value(anyelement) (SFUNC = sandbox.earlier, STYPE = anyelement);
CREATE AGGREGATE sandbox.lead(anyelement) (SFUNC = sandbox.earlier, STYPE = anyelement);
CREATE AGGREGATE sandbox.last_value(anyelement) (SFUNC = sandbox.later, STYPE = anyelement);
CREATE AGGREGATE sandbox.lag(anyelement) (SFUNC = sandbox.later, STYPE = anyelement);
