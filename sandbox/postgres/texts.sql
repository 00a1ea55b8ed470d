-- Texts. https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
CALL sandbox.define('len(text)', 'integer', 'length($1)');
CALL sandbox.define('concat(text, text)', 'text', '$1 || $2');
CALL sandbox.define('charindex(text, text)', 'integer', 'strpos($2, $1)');
CALL sandbox.define('octetindex(text, text)', 'integer',
    $$position(convert_to($1, 'UTF8') IN convert_to($2, 'UTF8'))$$);
CALL sandbox.define('replicate(text, integer)', 'text', 'repeat($1, $2)');
CALL sandbox.define('bpcharcmp(character, character)', 'integer', 'sign(postgres_bpcharcmp($1, $2))');
CALL sandbox.define('bttext_pattern_cmp(text, text)', 'integer', 'sign(postgres_bttext_pattern_cmp($1, $2))');
CALL sandbox.define('chr(integer)', 'text', 'CASE WHEN $1 BETWEEN 0 AND 127 THEN postgres_chr($1) END');
CALL sandbox.define('quote_literal(text)', 'text',
    $$'''' || replace(replace($1, E'\\', E'\\\\'), '''', '''''') || ''''$$);
CALL sandbox.define('left(text, integer)', 'text',
    $$CASE WHEN $2 < 0 THEN sandbox.refuse('LEFT(.., ' || $2 || ')') ELSE postgres_left($1, $2) END$$);
CALL sandbox.define('right(text, integer)', 'text',
    $$CASE WHEN $2 < 0 THEN sandbox.refuse('RIGHT(.., ' || $2 || ')') ELSE postgres_right($1, $2) END$$);
CALL sandbox.define('split_part(text, text, integer)', 'text',
    $$CASE WHEN $3 < 1 THEN sandbox.refuse('SPLIT_PART(.., ' || $3 || ')') ELSE postgres_split_part($1, $2, $3) END$$);
-- Letters beyond ASCII have capitals too, though ILIKE and regular expressions do not know of them.
CALL sandbox.define('lower(text)', 'text', 'postgres_lower($1 COLLATE pg_c_utf8) COLLATE "default"');
CALL sandbox.define('upper(text)', 'text', 'postgres_upper($1 COLLATE pg_c_utf8) COLLATE "default"');
CALL sandbox.define('initcap(text)', 'text', 'postgres_initcap($1 COLLATE pg_c_utf8) COLLATE "default"');
-- H and W do not part two letters that sound the same.
-- https://docs.aws.amazon.com/redshift/latest/dg/SOUNDEX.html
CALL sandbox.define('sandbox.sounds(letters text)', 'text', $$left(letters, 1) || left(translate(substr(
    postgres_regexp_replace(
        translate(left(letters, 1) || translate(substr(letters, 2), 'HW', ''),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202'), E'(.)\\1+', E'\\1', 'g'
    ), 2), '0', '') || '000', 3)$$);
CALL sandbox.define('soundex(text)', 'text',
    $$coalesce(sandbox.sounds(nullif(postgres_regexp_replace(upper($1), '[^A-Z]', '', 'g'), '')), left($1, 0))$$);
-- https://docs.aws.amazon.com/redshift/latest/dg/DIFFERENCE.html
CALL sandbox.define('difference(text, text)', 'integer', $$CASE
    WHEN soundex($1) = '' AND soundex($2) = '' THEN 1
    ELSE (SELECT count(*) FROM generate_series(1, 4) AS place
          WHERE substr(nullif(soundex($1), ''), place, 1) = substr(nullif(soundex($2), ''), place, 1)) END$$);

-- A list leaves out what is NULL or empty, and DISTINCT what it holds already, blanks at the end aside.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
CREATE FUNCTION sandbox.add_to_list(list text, value text, delimiter text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    list := CASE WHEN length(value) > 0 THEN coalesce(list || coalesce(delimiter, ''), '') || value ELSE list END;
    IF octet_length(list) > 65535 THEN
        RAISE EXCEPTION 'Result size exceeds LISTAGG limit' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    RETURN list;
END $$;
CREATE FUNCTION sandbox.add_to_list(list text[], value text, delimiter text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN value = ANY (list[2:]) THEN list
    ELSE array_append(array_prepend(sandbox.add_to_list(list[1], value, delimiter), list[2:]), value)
END;
CALL sandbox.define('sandbox.add_to_list(list ?, value text)', '?',
    $$sandbox.add_to_list(list, value, '')$$, 'text, text[]');
CALL sandbox.define('sandbox.finished_list(list text[])', 'text', 'list[1]');
CREATE AGGREGATE listagg(text) (SFUNC = sandbox.add_to_list, STYPE = text);
CREATE AGGREGATE listagg(text, text) (SFUNC = sandbox.add_to_list, STYPE = text);
-- What LISTAGG(DISTINCT ..) is, by the name that its column has.
CREATE AGGREGATE sandbox.listagg(text) (SFUNC = sandbox.add_to_list, STYPE = text[], FINALFUNC = sandbox.finished_list);
CREATE AGGREGATE sandbox.listagg(text, text) (
    SFUNC = sandbox.add_to_list, STYPE = text[], FINALFUNC = sandbox.finished_list
);

-- Hashes. https://docs.aws.amazon.com/redshift/latest/dg/hash-functions.html
CALL sandbox.define('crc32(text)', 'text', $$lpad(to_hex(crc32c(convert_to($1, 'UTF8'))), 8, '0')$$);
CALL sandbox.define('sha2(text, bits integer)', 'text', $$encode(CASE bits
    WHEN 224 THEN sha224(convert_to($1, 'UTF8'))
    WHEN 384 THEN sha384(convert_to($1, 'UTF8'))
    WHEN 512 THEN sha512(convert_to($1, 'UTF8'))
    ELSE CASE WHEN bits IN (0, 256) THEN sha256(convert_to($1, 'UTF8')) ELSE '' END
END, 'hex')$$);
-- PostgreSQL has SHA1 in an extension only, which does not come with it here.
CREATE FUNCTION pg_catalog.sha1(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mask CONSTANT bigint := 4294967295;
    size integer := octet_length(value);
    padding text := '80' || repeat('00', 63 - (size + 8) % 64) || lpad(to_hex(size::bigint * 8), 16, '0');
    message bytea := convert_to(value, 'UTF8') || postgres_decode(padding, 'hex');
    hash bigint[] := '{1732584193, 4023233417, 2562383102, 271733878, 3285377520}';
    word bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint;
BEGIN
    FOR block IN 0..length(message) / 64 - 1 LOOP
        word := ARRAY(SELECT ('x' || encode(substr(message, block * 64 + 4 * i + 1, 4), 'hex'))::bit(32)::bigint & mask
                      FROM generate_series(0, 15) AS i);
        a := hash[1]; b := hash[2]; c := hash[3]; d := hash[4]; e := hash[5];
        FOR i IN 1..80 LOOP
            IF i > 16 THEN
                f := word[i - 3] # word[i - 8] # word[i - 14] # word[i - 16];
                word[i] := ((f << 1) | (f >> 31)) & mask;
            END IF;
            CASE (i - 1) / 20
                WHEN 0 THEN f := (b & c) | (~b & d); k := 1518500249;
                WHEN 1 THEN f := b # c # d; k := 1859775393;
                WHEN 2 THEN f := (b & c) | (b & d) | (c & d); k := 2400959708;
                ELSE f := b # c # d; k := 3395469782;
            END CASE;
            f := (((a << 5) | (a >> 27)) + f + e + k + word[i]) & mask;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := f;
        END LOOP;
        hash := ARRAY(SELECT (one + other) & mask FROM unnest(hash, ARRAY[a, b, c, d, e]) AS sums (one, other));
    END LOOP;
    RETURN array_to_string(ARRAY(SELECT lpad(to_hex(part), 8, '0') FROM unnest(hash) AS part), '');
END $$;
CALL sandbox.define('sha(text)', 'text', 'sha1($1)');
CALL sandbox.define('func_sha1(text)', 'text', 'sha1($1)');
-- Integers are hashed as their bytes, the least first.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_FNV_HASH.html
CREATE FUNCTION sandbox.fnv_hash(bytes bytea, seed bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    size CONSTANT numeric := 18446744073709551616;
    hash numeric := seed + CASE WHEN seed < 0 THEN size ELSE 0 END;
BEGIN
    FOR place IN 0..length(bytes) - 1 LOOP
        hash := mod((hash - mod(hash, 256) + (mod(hash, 256)::integer # get_byte(bytes, place))) * 1099511628211, size);
    END LOOP;
    RETURN hash - CASE WHEN hash >= size / 2 THEN size ELSE 0 END;
END $$;
CALL sandbox.define('fnv_hash(value ?, seed bigint DEFAULT -3750763034362895579)', 'bigint',
    $$sandbox.fnv_hash(reverse(substr(?send(value), 1)), seed)$$, 'int2, int4, int8');
CALL sandbox.define('fnv_hash(value ?, seed bigint DEFAULT -3750763034362895579)', 'bigint',
    'sandbox.fnv_hash(?send(value), seed)', 'text, bpchar');
CALL sandbox.define('fnv_hash(value ?, seed bigint DEFAULT 0)', 'bigint', $$sandbox.refuse('FNV_HASH of a ?')::bigint$$,
    'boolean, numeric, real, double precision, date, time, timetz, timestamp, timestamptz');

-- JSON. https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
CALL sandbox.define('can_json_parse(text)', 'boolean', '$1 IS JSON');
CALL sandbox.define('is_valid_json(text)', 'boolean', '$1 IS JSON OBJECT');
CALL sandbox.define('is_valid_json_array(text)', 'boolean', '$1 IS JSON ARRAY');
CREATE FUNCTION sandbox.json_object(value text, null_if_invalid boolean DEFAULT false) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value IS NOT JSON OBJECT AND NOT null_if_invalid THEN
        RAISE EXCEPTION 'invalid json object %', value USING ERRCODE = 'invalid_text_representation';
    END IF;
    RETURN CASE WHEN value IS JSON OBJECT THEN value END;
END $$;
CREATE FUNCTION sandbox.json_array(value text, null_if_invalid boolean) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value IS NOT JSON ARRAY AND NOT null_if_invalid THEN
        RAISE EXCEPTION 'invalid json array object %', value USING ERRCODE = 'invalid_text_representation';
    END IF;
    RETURN CASE WHEN value IS JSON ARRAY THEN value END;
END $$;
CALL sandbox.define('json_array_length(value text, null_if_invalid boolean DEFAULT false)', 'integer',
    'postgres_json_array_length(sandbox.json_array(value, null_if_invalid))');
CREATE FUNCTION pg_catalog.json_extract_array_element_text(
    value text, place integer, null_if_invalid boolean DEFAULT false
) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE found json := sandbox.json_array(value, null_if_invalid);
BEGIN
    RETURN CASE
        WHEN place BETWEEN 0 AND postgres_json_array_length(found) - 1 THEN found ->> place
        WHEN found IS NOT NULL AND place IS NOT NULL THEN ''
    END;
END $$;
-- Up to five elements of a path.
DO $do$
DECLARE
    elements text;
    steps text;
BEGIN
    FOR count IN 1..5 LOOP
        elements := repeat(', text', count);
        steps := array_to_string(ARRAY(SELECT format('-> $%s', place) FROM generate_series(2, count) AS place), ' ');
        steps := format('%s ->> $%s', steps, count + 1);
        CALL sandbox.define(format('json_extract_path_text(text%s)', elements), 'text',
            'sandbox.json_object($1) ' || steps);
        CALL sandbox.define(format('json_extract_path_text(text%s, boolean)', elements), 'text',
            format('sandbox.json_object($1, $%s) %s', count + 2, steps));
    END LOOP;
END $do$;

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
