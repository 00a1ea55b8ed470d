-- Numbers. These keep the type of what they are given: a half of CEIL(5) is 2.
-- https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
DO $do$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY '{ceil, ceiling, floor, round, sign, trunc}'::text[] LOOP
        CALL sandbox.define(name || '(?)', '?', name || '($1::numeric)::?', 'smallint, integer, bigint');
        CALL sandbox.define(name || '(real)', 'real', name || '($1::double precision)::real');
    END LOOP;
    FOREACH name IN ARRAY '{round, trunc}'::text[] LOOP
        CALL sandbox.define(name || '(?, integer)', '?', name || '($1::numeric, $2)::?',
            'smallint, integer, bigint, real, double precision');
    END LOOP;
END $do$;

-- L is the dollar, except in PL and in quotes.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_CHAR.html
CREATE FUNCTION sandbox.number_format(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN postgres_regexp_replace($1, '(?<!P)L(?=[^"]*("[^"]*"[^"]*)*$)', '$', 'gi');
CALL sandbox.define('to_char(?, text)', 'text STABLE', 'postgres_to_char($1, sandbox.number_format($2))',
    'integer, bigint, numeric, real, double precision');
-- https://docs.aws.amazon.com/redshift/latest/dg/r_STRTOL.html
CREATE FUNCTION pg_catalog.strtol(number text, base integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    prefix text := CASE base WHEN 16 THEN '(0x)?' ELSE '()' END;
    found text[] := regexp_match(lower(number), E'^\\s*([+-]?)' || prefix || '(.*)$');
    digit text;
    result numeric := 0;
BEGIN
    IF base NOT BETWEEN 2 AND 36 THEN PERFORM sandbox.refuse(format('STRTOL(.., %s)', base)); END IF;
    FOREACH digit IN ARRAY string_to_array(found[3], NULL) LOOP
        IF strpos(left('0123456789abcdefghijklmnopqrstuvwxyz', base), digit) = 0 THEN
            RAISE EXCEPTION 'The input % is not valid to be converted to base %', number, base
                USING ERRCODE = 'invalid_text_representation';
        END IF;
        result := result * base + strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) - 1;
    END LOOP;
    RETURN (found[1] || result)::bigint;
END $$;
-- A sign may stand at the end. A half is rounded to the even number.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TEXT_TO_INT_ALT.html
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TEXT_TO_NUMERIC_ALT.html
CALL sandbox.define('sandbox.signed_number(text)', 'numeric', $$CASE
    WHEN btrim($1) = '' THEN 0
    WHEN right(btrim($1), 1) IN ('+', '-') THEN (right(btrim($1), 1) || rtrim(btrim($1), '+-'))::numeric
    ELSE btrim($1)::numeric END$$);
CALL sandbox.define('text_to_int_alt(text)', 'integer', 'trunc(sandbox.signed_number($1))::integer');
CREATE FUNCTION pg_catalog.text_to_numeric_alt(value text, "precision" integer DEFAULT 38, scale integer DEFAULT 0)
RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    shifted numeric := sandbox.signed_number(value) * ('1e' || scale)::numeric;
    whole numeric := CASE WHEN abs(shifted - trunc(shifted)) = 0.5 THEN 2 * round(shifted / 2) ELSE round(shifted) END;
    result numeric;
BEGIN
    EXECUTE format('SELECT %s::numeric(%s, %s)', whole * ('1e-' || scale)::numeric, "precision", scale) INTO result;
    RETURN result;
END $$;
CALL sandbox.define('text_to_int_alt(text, text)', 'integer',
    $$sandbox.refuse('TEXT_TO_INT_ALT with a format')::integer$$);
CALL sandbox.define(
    'text_to_numeric_alt(text, text, "precision" integer DEFAULT 38, scale integer DEFAULT 0)', 'numeric',
    $$sandbox.refuse('TEXT_TO_NUMERIC_ALT with a format')::numeric$$);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html
CREATE AGGREGATE pg_catalog.sum(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);
-- AVG of integers is a BIGINT, and of a NUMERIC has its scale; both leave off the rest.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html
CALL sandbox.define('sandbox.integer_average(state bigint[])', 'bigint', 'state[2] / nullif(state[1], 0)');
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
CALL sandbox.define('sandbox.bigint_average(state bigint[])', 'bigint',
    'div(state[2]::numeric * 4294967296 + state[3], nullif(state[1], 0))::bigint');
CREATE AGGREGATE pg_catalog.avg(bigint) (
    SFUNC = sandbox.add_bigint, STYPE = bigint[], INITCOND = '{0, 0, 0}', FINALFUNC = sandbox.bigint_average
);
CREATE FUNCTION sandbox.add_numeric(state numeric[], value numeric) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    'BEGIN RETURN ARRAY[state[1] + 1, state[2] + value]; END';
CALL sandbox.define('sandbox.numeric_average(state numeric[])', 'numeric',
    'trunc(state[2] / nullif(state[1], 0), scale(state[2]))');
CREATE AGGREGATE pg_catalog.avg(numeric) (
    SFUNC = sandbox.add_numeric, STYPE = numeric[], INITCOND = '{0, 0}', FINALFUNC = sandbox.numeric_average
);
-- https://docs.aws.amazon.com/redshift/latest/dg/r_WF_RATIO_TO_REPORT.html
CALL sandbox.define('sandbox.ratio_to_report(value double precision, total double precision)', 'double precision',
    'value / total');

-- PERCENTILE_CONT(fraction) WITHIN GROUP (ORDER BY value) is sandbox.percentile_cont(sandbox.ranked(fraction, value,
-- is_descending)), which has windows too, and a state that array_append() makes no copy of. A value between two has
-- their scale and that of the fraction.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html
CALL sandbox.define('sandbox.between(low ?, high ?, part numeric)', '?', 'low + part * (high - low)', 'numeric');
CALL sandbox.define('sandbox.between(low ?, high ?, part numeric)', '?', 'low + part::double precision * (high - low)',
    'double precision, timestamp, timestamptz');
CALL sandbox.define('sandbox.between(low date, high date, part numeric)', 'date',
    $$CASE WHEN part * (high - low) = 0 THEN low ELSE sandbox.refuse('percentiles between two dates')::date END$$);
DO $do$
DECLARE
    type text;
    result text;
BEGIN
    FOR type, result IN
        SELECT unnest(string_to_array(types, ', ')), kind FROM (VALUES
            ('smallint, integer, bigint, numeric', 'numeric'), ('real, double precision', 'double precision'),
            ('date', 'date'), ('timestamp', 'timestamp'), ('timestamptz', 'timestamptz')
        ) AS kinds (types, kind)
    LOOP
        EXECUTE format('
            CREATE TYPE sandbox.%1$I AS (fraction numeric, value %2$s, is_descending boolean);
            CREATE FUNCTION sandbox.ranked(numeric, %2$s, boolean) RETURNS sandbox.%1$I
                LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ROW($1, $2, $3)::sandbox.%1$I;
            CREATE FUNCTION sandbox.in_order(sandbox.%1$I[]) RETURNS %2$s[] LANGUAGE sql IMMUTABLE RETURN ARRAY(
                SELECT value FROM unnest($1) WHERE value IS NOT NULL
                ORDER BY CASE WHEN NOT is_descending THEN value END, value DESC);
            CREATE FUNCTION sandbox.continuous(fraction numeric, found %2$s[]) RETURNS %3$s
                LANGUAGE sql IMMUTABLE RETURN (
                SELECT sandbox.between(found[floor(n)::integer]::%3$s, found[ceil(n)::integer]::%3$s, mod(n, 1))
                FROM (VALUES (1 + fraction * (cardinality(found) - 1))) AS places (n));
            CREATE FUNCTION sandbox.discrete(fraction numeric, found %2$s[]) RETURNS %2$s LANGUAGE sql IMMUTABLE
                RETURN found[greatest(ceil(fraction * cardinality(found)), 1)::integer];
            CREATE FUNCTION sandbox.median(%2$s[]) RETURNS %3$s LANGUAGE sql IMMUTABLE RETURN sandbox.continuous(
                0.5, ARRAY(SELECT value FROM unnest($1) AS value WHERE value IS NOT NULL ORDER BY value));
            CREATE FUNCTION sandbox.continuous(sandbox.%1$I[]) RETURNS %3$s LANGUAGE sql IMMUTABLE
                RETURN sandbox.continuous($1[1].fraction, sandbox.in_order($1));
            CREATE FUNCTION sandbox.discrete(sandbox.%1$I[]) RETURNS %2$s LANGUAGE sql IMMUTABLE
                RETURN sandbox.discrete($1[1].fraction, sandbox.in_order($1));
            CREATE AGGREGATE median(%2$s) (SFUNC = array_append, STYPE = %2$s[], FINALFUNC = sandbox.median);
            CREATE AGGREGATE sandbox.percentile_cont(sandbox.%1$I) (
                SFUNC = array_append, STYPE = sandbox.%1$I[], FINALFUNC = sandbox.continuous);
            CREATE AGGREGATE sandbox.percentile_disc(sandbox.%1$I) (
                SFUNC = array_append, STYPE = sandbox.%1$I[], FINALFUNC = sandbox.discrete);
            ', 'ranked ' || type, type, result);
    END LOOP;
END $do$;

DROP PROCEDURE sandbox.define;
