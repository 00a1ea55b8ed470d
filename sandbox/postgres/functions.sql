-- What PostgreSQL lacks of Redshift's functions, and what it has under their names and does otherwise.
-- https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
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
                'left', 'log', 'lower', 'regexp_count', 'regexp_instr', 'regexp_replace', 'regexp_substr', 'right',
                'split_part', 'to_timestamp', 'upper'
            )
            OR (proargtypes[0]::regtype IN ('smallint', 'integer', 'bigint', 'numeric') AND proname IN (
                'avg', 'exp', 'pow', 'power', 'sqrt', 'stddev', 'stddev_pop', 'stddev_samp', 'var_pop', 'var_samp',
                'variance'
            ))
            OR (proname = 'to_char' AND proargtypes[0]::regtype NOT IN ('timestamptz', 'interval'))
            OR (proname = 'random' AND pronargs > 0)
            OR oid IN (
                'sum(bigint)'::regprocedure, 'octet_length(character)'::regprocedure,
                'substring(text, text)'::regprocedure, 'substring(text, text, text)'::regprocedure
            )
        )
    LOOP
        EXECUTE format('ALTER ROUTINE %s RENAME TO %I', signature, 'postgres_' || name);
    END LOOP;
END $do$;

-- What is refused has to name the value that it is refused for: a constant would be before any value is looked at.
CREATE FUNCTION sandbox.refuse(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'the sandbox does not do %', what USING ERRCODE = 'feature_not_supported';
END $$;

-- Dates. https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE
    RETURN date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC');
-- SYSDATE and CURRENT_DATE, by the names that their columns have.
CREATE FUNCTION sandbox.timestamp() RETURNS timestamp LANGUAGE sql STABLE
    RETURN transaction_timestamp() AT TIME ZONE 'UTC';
CREATE FUNCTION sandbox.date() RETURNS date LANGUAGE sql STABLE RETURN current_date;
CREATE FUNCTION pg_catalog.date_trunc(part text, start date) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_trunc(part, start::timestamp);
-- A year after 29 February is 1 March, 12 months after it are not.
CREATE FUNCTION pg_catalog.date_add(part text, amount bigint, start timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN part = 'quarter' THEN start + amount * interval '3 months'
    WHEN part IN ('year', 'decade', 'century', 'millennium') AND extract(day FROM start) = 29
        THEN start - interval '1 day' + amount * ('1 ' || part)::interval + interval '1 day'
    ELSE start + amount * ('1 ' || part)::interval
END;
-- Counts the boundaries between the two, as Redshift does.
CREATE FUNCTION pg_catalog.date_diff(part text, earlier timestamp, later timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE part
        WHEN 'year' THEN extract(year FROM later) - extract(year FROM earlier)
        WHEN 'quarter' THEN (extract(year FROM later) - extract(year FROM earlier)) * 4
            + extract(quarter FROM later) - extract(quarter FROM earlier)
        WHEN 'month' THEN (extract(year FROM later) - extract(year FROM earlier)) * 12
            + extract(month FROM later) - extract(month FROM earlier)
        WHEN 'week' THEN floor(extract(epoch FROM date_trunc('week', later) - date_trunc('week', earlier)) / 604800)
        ELSE extract(epoch FROM date_trunc(part, later) - date_trunc(part, earlier))
            / extract(epoch FROM ('1 ' || part)::interval)
    END::bigint
$$;

-- EXTRACT takes the part alone, without the fraction of a second and without what is greater; DATE_PART takes
-- the fraction along. The first decade ends with the year 9.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
CREATE FUNCTION sandbox.any_part(part text, value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE part
    WHEN 'decade' THEN value + 1
    WHEN 'microsecond' THEN value::bigint % 1000000
    ELSE value
END;
CREATE FUNCTION sandbox.whole_part(part text, value double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN floor(sandbox.any_part(part, value))::bigint % CASE
    WHEN part IN ('millisecond', 'microsecond') THEN 1000 ELSE 9223372036854775807
END;
DO $do$
DECLARE type text;
BEGIN
    FOREACH type IN ARRAY '{timestamp, date, time, timetz, interval, timestamptz}'::text[] LOOP
        EXECUTE format('
            CREATE FUNCTION pg_catalog.pgdate_part(part text, moment %1$s) RETURNS double precision
            LANGUAGE sql %2$s PARALLEL SAFE RETURN sandbox.any_part(part, postgres_date_part(part, moment));
            CREATE FUNCTION sandbox.date_part(part text, moment %1$s) RETURNS %3$s
            LANGUAGE sql %2$s PARALLEL SAFE RETURN sandbox.whole_part(part, postgres_date_part(part, moment))',
            type, CASE type WHEN 'timestamptz' THEN 'STABLE' ELSE 'IMMUTABLE' END,
            CASE type WHEN 'timestamptz' THEN 'double precision' ELSE 'integer' END);
    END LOOP;
END $do$;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_TIMESTAMP.html
CREATE FUNCTION pg_catalog.to_timestamp(text, text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN $1 = '' THEN '0001-01-01'::timestamp::timestamptz ELSE postgres_to_timestamp($1, $2) END;

-- Numbers. These keep the type of what they round: a half of CEIL(5) is 2.
-- https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
DO $do$
DECLARE
    name text;
    type text;
BEGIN
    FOREACH name IN ARRAY '{ceil, ceiling, floor, round, sign, trunc}'::text[] LOOP
        FOREACH type IN ARRAY '{smallint, integer, bigint, real}'::text[] LOOP
            EXECUTE format(
                'CREATE FUNCTION pg_catalog.%1$s(%2$s) RETURNS %2$s LANGUAGE sql IMMUTABLE PARALLEL SAFE
                 RETURN %1$s($1::%3$s)::%2$s',
                name, type, CASE type WHEN 'real' THEN 'double precision' ELSE 'numeric' END);
        END LOOP;
    END LOOP;
END $do$;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html
CREATE AGGREGATE pg_catalog.sum(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);
-- AVG of integers is a BIGINT, and of a NUMERIC has its scale; both leave off the rest.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html
CREATE FUNCTION sandbox.integer_average(state bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT state[2] / nullif(state[1], 0)';
CREATE AGGREGATE pg_catalog.avg(smallint) (
    SFUNC = int2_avg_accum, STYPE = bigint[], INITCOND = '{0, 0}', FINALFUNC = sandbox.integer_average,
    COMBINEFUNC = int4_avg_combine, PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.avg(integer) (
    SFUNC = int4_avg_accum, STYPE = bigint[], INITCOND = '{0, 0}', FINALFUNC = sandbox.integer_average,
    COMBINEFUNC = int4_avg_combine, PARALLEL = SAFE
);
-- A sum of many bigints is none: its upper and its lower half are added up apart.
CREATE FUNCTION sandbox.add_bigint(state bigint[], value bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    'BEGIN RETURN ARRAY[state[1] + 1, state[2] + (value >> 32), state[3] + (value & 4294967295)]; END';
CREATE FUNCTION sandbox.bigint_average(state bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT div(state[2]::numeric * 4294967296 + state[3], nullif(state[1], 0))::bigint';
CREATE AGGREGATE pg_catalog.avg(bigint) (
    SFUNC = sandbox.add_bigint, STYPE = bigint[], INITCOND = '{0, 0, 0}', FINALFUNC = sandbox.bigint_average
);
CREATE FUNCTION sandbox.add_numeric(state numeric[], value numeric) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    'BEGIN RETURN ARRAY[state[1] + 1, state[2] + value]; END';
CREATE FUNCTION sandbox.numeric_average(state numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT trunc(state[2] / nullif(state[1], 0), scale(state[2]))';
CREATE AGGREGATE pg_catalog.avg(numeric) (
    SFUNC = sandbox.add_numeric, STYPE = numeric[], INITCOND = '{0, 0}', FINALFUNC = sandbox.numeric_average
);

-- Texts. https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
CREATE FUNCTION pg_catalog.len(value text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN length(value);
CREATE AGGREGATE pg_catalog.listagg(text, text) (
    SFUNC = string_agg_transfn, STYPE = internal, FINALFUNC = string_agg_finalfn
);
CREATE FUNCTION pg_catalog.concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN $1 || $2;
CREATE FUNCTION pg_catalog.concat(text, anynonarray) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT $1 || $2';
CREATE FUNCTION pg_catalog.concat(anynonarray, text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT $1 || $2';
CREATE FUNCTION pg_catalog.bpcharcmp(character, character) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sign(postgres_bpcharcmp($1, $2));
CREATE FUNCTION pg_catalog.bttext_pattern_cmp(text, text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sign(postgres_bttext_pattern_cmp($1, $2));
CREATE FUNCTION pg_catalog.chr(integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 BETWEEN 0 AND 127 THEN postgres_chr($1) END;
CREATE FUNCTION pg_catalog.crc32(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lpad(to_hex(crc32c(convert_to($1, 'UTF8'))), 8, '0');
CREATE FUNCTION pg_catalog.left(text, integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $2 < 0 THEN sandbox.refuse('LEFT(.., ' || $2 || ')') ELSE postgres_left($1, $2) END;
CREATE FUNCTION pg_catalog.right(text, integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $2 < 0 THEN sandbox.refuse('RIGHT(.., ' || $2 || ')') ELSE postgres_right($1, $2) END;
CREATE FUNCTION pg_catalog.split_part(text, text, integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $3 < 1 THEN sandbox.refuse('SPLIT_PART(.., ' || $3 || ')')
        ELSE postgres_split_part($1, $2, $3) END;
-- Letters beyond ASCII have capitals too, though ILIKE and regular expressions do not know of them.
CREATE FUNCTION pg_catalog.lower(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN postgres_lower($1 COLLATE pg_c_utf8) COLLATE "default";
CREATE FUNCTION pg_catalog.upper(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN postgres_upper($1 COLLATE pg_c_utf8) COLLATE "default";
CREATE FUNCTION pg_catalog.initcap(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN postgres_initcap($1 COLLATE pg_c_utf8) COLLATE "default";

-- Regular expressions. Of the parameters, e asks for the first subexpression and p for PCRE's dialect; what
-- PostgreSQL would not match as PCRE does is refused.
-- https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_SUBSTR.html
CREATE FUNCTION sandbox.regexp_flags(pattern text, parameters text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN parameters !~ '^[ceip]*$' THEN sandbox.refuse('regular expressions with the parameters ' || parameters)
    WHEN parameters ~ 'p' AND pattern ~ '[|]|[*+?}][?+]'
        THEN sandbox.refuse('PCRE with alternatives or lazy matches: ' || pattern || ' ' || parameters)
    ELSE translate(parameters, 'ep', '')
END;
CREATE FUNCTION sandbox.regexp_part(pattern text, parameters text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (parameters ~ 'e' AND pattern ~ $re$(^|[^\\])(\\\\)*[(](?![?])$re$)::integer;
CREATE FUNCTION pg_catalog.regexp_replace(
    source text, pattern text, replacement text DEFAULT '', "position" integer DEFAULT 1, parameters text DEFAULT 'c'
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN replacement ~ $re$[\\$]$re$ THEN sandbox.refuse('REGEXP_REPLACE by ' || replacement)
    WHEN "position" > greatest(length(source), 1) THEN source
    ELSE postgres_regexp_replace(
        source, pattern, replacement, greatest("position", 1), 0, sandbox.regexp_flags(pattern, parameters))
END;
CREATE FUNCTION pg_catalog.regexp_substr(
    source text, pattern text, "position" integer DEFAULT 1, occurrence integer DEFAULT 1, parameters text DEFAULT 'c'
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN "position" > length(source) THEN ''
    WHEN occurrence BETWEEN 1 AND length(source) AND pattern IS NOT NULL THEN coalesce(postgres_regexp_substr(
        source, pattern, greatest("position", 1), occurrence, sandbox.regexp_flags(pattern, parameters),
        sandbox.regexp_part(pattern, parameters)), '')
END;
CREATE FUNCTION pg_catalog.regexp_instr(
    source text, pattern text, "position" integer DEFAULT 1, occurrence integer DEFAULT 1, option integer DEFAULT 0,
    parameters text DEFAULT 'c'
) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN "position" > length(source) OR occurrence NOT BETWEEN 1 AND length(source) THEN 0
    ELSE postgres_regexp_instr(
        source, pattern, greatest("position", 1), occurrence, (option <> 0)::integer,
        sandbox.regexp_flags(pattern, parameters), sandbox.regexp_part(pattern, parameters))
END;
CREATE FUNCTION pg_catalog.regexp_count(
    source text, pattern text, "position" integer DEFAULT 1, parameters text DEFAULT 'c'
) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN "position" > length(source) THEN 0
    ELSE postgres_regexp_count(source, pattern, greatest("position", 1), sandbox.regexp_flags(pattern, parameters))
END;

-- TO_CHAR. L is the dollar, except in PL and in quotes; TZ of a TIMESTAMP is the session's time zone.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_CHAR.html
CREATE FUNCTION sandbox.number_format(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN postgres_regexp_replace($1, '(?<!P)L(?=[^"]*("[^"]*"[^"]*)*$)', '$', 'gi');
DO $do$
DECLARE type text;
BEGIN
    FOREACH type IN ARRAY '{integer, bigint, numeric, real, double precision}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION pg_catalog.to_char(%s, text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
            RETURN postgres_to_char($1, sandbox.number_format($2))', type);
    END LOOP;
END $do$;
CREATE FUNCTION pg_catalog.to_char(timestamp, text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN $2 ~* 'TZ' THEN to_char($1::timestamptz, $2) ELSE postgres_to_char($1, $2) END;
