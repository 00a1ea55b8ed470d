-- What Redshift compares and converts where PostgreSQL does otherwise, or not at all.
-- https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
SET allow_system_table_mods = on;

-- Blanks at the end do not count where two texts are compared. They do not where PostgreSQL compares two
-- values of type CHAR, which look inside as texts do: so those functions compare both.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
UPDATE pg_operator AS of_text SET oprcode = of_char.oprcode
FROM pg_operator AS of_char
WHERE
    of_text.oprleft = 'text'::regtype AND of_text.oprright = 'text'::regtype
    AND of_char.oprleft = 'bpchar'::regtype AND of_char.oprright = 'bpchar'::regtype
    AND of_text.oprname = of_char.oprname AND of_char.oprname IN ('=', '<>', '<', '<=', '>=', '>');
UPDATE pg_amproc AS of_text SET amproc = of_char.amproc
FROM pg_amproc AS of_char, pg_opfamily AS texts, pg_opfamily AS chars
WHERE
    texts.opfname = 'text_ops' AND chars.opfname = 'bpchar_ops' AND texts.opfmethod = chars.opfmethod
    AND of_text.amprocfamily = texts.oid AND of_text.amproclefttype = 'text'::regtype
    AND of_text.amprocrighttype = 'text'::regtype
    AND of_char.amprocfamily = chars.oid AND of_char.amprocnum = of_text.amprocnum;
UPDATE pg_aggregate AS of_text SET aggtransfn = of_char.aggtransfn, aggcombinefn = of_char.aggcombinefn
FROM pg_aggregate AS of_char
WHERE
    (of_text.aggfnoid = 'max(text)'::regprocedure AND of_char.aggfnoid = 'max(bpchar)'::regprocedure)
    OR (of_text.aggfnoid = 'min(text)'::regprocedure AND of_char.aggfnoid = 'min(bpchar)'::regprocedure);

-- Numbers and dates are texts where a text is asked for, and integers are true or false.
DO $do$
DECLARE type text;
BEGIN
    FOREACH type IN ARRAY '{
        smallint, integer, bigint, numeric, real, double precision, date, time, timetz, timestamp, timestamptz
    }'::text[] LOOP
        EXECUTE format('CREATE CAST (%s AS text) WITH INOUT AS IMPLICIT', type);
    END LOOP;
    FOREACH type IN ARRAY '{smallint, bigint}'::text[] LOOP
        EXECUTE format('
            CREATE FUNCTION sandbox.bool(%1$s) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN $1 <> 0;
            CREATE CAST (%1$s AS boolean) WITH FUNCTION sandbox.bool(%1$s) AS IMPLICIT', type);
    END LOOP;
END $do$;
UPDATE pg_cast SET castcontext = 'i'
WHERE
    (castsource = 'integer'::regtype AND casttarget = 'boolean'::regtype)
    OR (castsource = 'timestamptz'::regtype AND casttarget = 'timestamp'::regtype);
-- PostgreSQL's || of a text and anything else would be as good as the one of two texts. Where a name is left
-- to it, what PostgreSQL has made of it already keeps it.
UPDATE pg_operator SET oprname = 'postgres||'
WHERE oprname = '||' AND 'anynonarray'::regtype IN (oprleft, oprright);
-- https://docs.aws.amazon.com/redshift/latest/dg/r_NVL2.html
CREATE FUNCTION sandbox.joined(varchar, varchar) RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN $1 || $2;
CREATE OPERATOR pg_catalog.+ (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = sandbox.joined);

-- A number is compared with a text as a text; but a DECIMAL with the number that stands there. Integers have
-- operators of their own to be compared with a DECIMAL, for they would be texts as well as DECIMALs to it.
DO $do$
DECLARE
    pair record;
    sign text;
BEGIN
    FOR pair IN
        SELECT sides.*, common FROM (VALUES
            ('text', 'smallint', 'text'), ('text', 'integer', 'text'), ('text', 'bigint', 'text'),
            ('text', 'real', 'text'), ('text', 'double precision', 'text'), ('text', 'numeric', 'numeric'),
            ('smallint', 'numeric', 'numeric'), ('integer', 'numeric', 'numeric'), ('bigint', 'numeric', 'numeric')
        ) AS pairs (one, other, common)
        CROSS JOIN LATERAL (VALUES (one, other), (other, one)) AS sides (left_type, right_type)
    LOOP
        FOREACH sign IN ARRAY '{=, <>, <, <=, >=, >}'::text[] LOOP
            EXECUTE format('
                CREATE FUNCTION sandbox.%1$I(%2$s, %3$s) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
                    RETURN $1::%4$s %1$s $2::%4$s;
                CREATE OPERATOR pg_catalog.%1$s (LEFTARG = %2$s, RIGHTARG = %3$s, FUNCTION = sandbox.%1$I)',
                sign, pair.left_type, pair.right_type, pair.common);
        END LOOP;
    END LOOP;
END $do$;
