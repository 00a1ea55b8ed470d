-- Redshift's system tables and functions, as far as the sandbox has them, in template1, from
-- which every database is copied. https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
SET allow_system_table_mods = on;

CREATE SCHEMA sandbox;
GRANT USAGE ON SCHEMA sandbox TO PUBLIC;

CREATE TABLE sandbox.settings (nodes integer NOT NULL, slices integer NOT NULL);
INSERT INTO sandbox.settings VALUES (1, 2);

-- What CREATE TABLE said and PostgreSQL does not know. Columns go by their number, which outlives
-- a change of their name.
CREATE TABLE sandbox.table_attributes (
    table_id oid PRIMARY KEY,
    diststyle text NOT NULL,
    distkey smallint,
    sortkeys smallint[] NOT NULL,
    sortstyle text NOT NULL,
    encodings jsonb NOT NULL,
    encode_auto boolean NOT NULL,
    keys text[] NOT NULL,
    create_time timestamp NOT NULL DEFAULT localtimestamp
);

CREATE FUNCTION sandbox.column_number(table_id oid, name text) RETURNS smallint LANGUAGE sql STABLE AS
    'SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = table_id AND attname = name';
CREATE FUNCTION sandbox.column_name(table_id oid, number smallint) RETURNS text LANGUAGE sql STABLE AS
    'SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = table_id AND attnum = number';

CREATE VIEW sandbox.tables AS
SELECT
    pg_class.oid AS table_id, nspname, relname, relowner,
    coalesce(diststyle, 'AUTO') AS diststyle, sandbox.column_name(pg_class.oid, distkey) AS distkey,
    ARRAY(SELECT sandbox.column_name(pg_class.oid, number) FROM unnest(sortkeys) AS number) AS sortkeys,
    coalesce(sortstyle, 'AUTO') AS sortstyle, coalesce(encode_auto, true) AS encode_auto,
    (SELECT coalesce(jsonb_object_agg(attname, encoding), '{}')
     FROM jsonb_each_text(encodings) AS named (number, encoding)
     INNER JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = number::smallint AND NOT attisdropped
    ) AS encodings,
    create_time
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
LEFT JOIN sandbox.table_attributes ON pg_class.oid = table_attributes.table_id
WHERE
    relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', 'sandbox', 'pg_toast')
    AND NOT pg_is_other_temp_schema(relnamespace);

-- The encoding of a column for which none is named.
CREATE FUNCTION sandbox.default_encoding(table_id oid, type regtype, is_sortkey boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN is_sortkey OR type IN ('boolean'::regtype, 'real'::regtype, 'double precision'::regtype) THEN 'none'
        WHEN (SELECT relpersistence = 't' FROM pg_class WHERE oid = table_id) THEN 'none'
        WHEN type IN ('varchar'::regtype, 'bpchar'::regtype) THEN 'lzo'
        ELSE 'az64'
    END
$$;

CREATE VIEW sandbox.columns AS
SELECT
    table_id, nspname, relname, attnum, attname::text AS name, atttypid AS type_id,
    format_type(atttypid, atttypmod) AS type,
    coalesce(encodings ->> attname, sandbox.default_encoding(table_id, atttypid, attname = ANY (sortkeys))) AS encoding,
    coalesce(distkey = attname, false) AS is_distkey,
    (CASE WHEN sortstyle = 'INTERLEAVED' AND array_position(sortkeys, attname::text) % 2 = 0 THEN -1 ELSE 1 END
        * coalesce(array_position(sortkeys, attname::text), 0)) AS sortkey,
    attnotnull AS is_not_null, attidentity = 'a' AS is_identity
FROM sandbox.tables
INNER JOIN pg_attribute ON table_id = attrelid AND attnum > 0 AND NOT attisdropped;

-- A column of a DISTKEY or a SORTKEY: its name or, in CREATE TABLE AS, its number.
CREATE FUNCTION sandbox.key_column(made regclass, key text) RETURNS smallint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE number smallint := coalesce(
    sandbox.column_number(made, key),
    (SELECT attnum FROM pg_attribute WHERE attrelid = made AND attnum > 0 AND attnum::text = key));
BEGIN
    IF key IS NOT NULL AND number IS NULL THEN
        RAISE EXCEPTION 'column "%" specified as distkey/sortkey is not in the table "%"',
            key, (SELECT relname FROM pg_class WHERE oid = made) USING ERRCODE = 'feature_not_supported';
    END IF;
    RETURN number;
END $$;

-- What is declared of a table goes before what it has from its parent: the table that it is made LIKE, or
-- itself when it is altered. An encoding that is null is not named any more.
CREATE FUNCTION sandbox.keep_attributes(made regclass, declared jsonb, parent regclass) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO sandbox.table_attributes
    SELECT
        made, attributes.diststyle, sandbox.key_column(made, attributes.distkey),
        ARRAY(SELECT sandbox.key_column(made, key) FROM unnest(attributes.sortkeys) AS key),
        attributes.sortstyle,
        (SELECT coalesce(jsonb_object_agg(sandbox.column_number(made, name), encoding), '{}')
         FROM jsonb_each_text(coalesce(inherited.encodings, '{}') || coalesce(declared -> 'encodings', '{}'))
             AS named (name, encoding)
         WHERE encoding IS NOT NULL),
        attributes.encode_auto, ARRAY(SELECT jsonb_array_elements_text(declared -> 'keys'))
    FROM (SELECT) AS one
    LEFT JOIN sandbox.tables AS inherited ON table_id = parent
    CROSS JOIN LATERAL jsonb_populate_record(inherited, declared) AS attributes
    WHERE attributes.diststyle IS NOT NULL
    ON CONFLICT (table_id) DO UPDATE SET
        diststyle = excluded.diststyle, distkey = excluded.distkey, sortkeys = excluded.sortkeys,
        sortstyle = excluded.sortstyle, encodings = excluded.encodings, encode_auto = excluded.encode_auto
$$;

-- Redshift notes the range of values in each block as it is written. PostgreSQL's planner learns of them
-- by looking at some rows when a table has grown, unless somebody else is just at it. The lock lasts as long
-- as the transaction; Redshift lets no two of them write to a table at all.
CREATE FUNCTION sandbox.note_ranges() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET default_statistics_target = 10 SET client_min_messages = error AS $$
DECLARE
    known bigint := (SELECT relpages::bigint * 8192 FROM pg_class WHERE oid = tg_relid);
BEGIN
    IF pg_relation_size(tg_relid) > 1.1 * known THEN
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', tg_relid::regclass);
    END IF;
    RETURN NULL;
END $$;

-- Redshift reads only the blocks whose range of the sort key is asked for. What stands for that here is
-- an index, of types whose values cannot be too long for one; its name is none that a table is given.
CREATE FUNCTION sandbox.index_sort_key(made regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
    index_name name := 'sort key of ' || made::oid::text;
    key_column name := (
        SELECT attname FROM sandbox.table_attributes INNER JOIN pg_attribute ON attrelid = table_id
        WHERE table_id = made AND attnum = sortkeys[1] AND attlen > 0
    );
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS note_ranges ON %s', made);
    EXECUTE (SELECT format('DROP INDEX IF EXISTS %s.%I', relnamespace::regnamespace, index_name)
             FROM pg_class WHERE oid = made);
    IF key_column IS NOT NULL THEN
        EXECUTE format('CREATE INDEX %I ON %s (%I)', index_name, made, key_column);
        EXECUTE format('CREATE TRIGGER note_ranges AFTER INSERT ON %s EXECUTE FUNCTION sandbox.note_ranges()', made);
    END IF;
END $$;

CREATE FUNCTION sandbox.record_table(made regclass, declared jsonb, parent regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE is_known boolean := EXISTS (SELECT FROM sandbox.table_attributes WHERE table_id = made);
BEGIN
    -- CREATE TABLE IF NOT EXISTS may have found a table, or a view, or what somebody else has made.
    IF is_known AND parent IS DISTINCT FROM made OR NOT EXISTS (
        SELECT FROM pg_class WHERE oid = made AND relkind = 'r' AND pg_has_role(session_user, relowner, 'USAGE')
    ) THEN
        RETURN;
    END IF;
    PERFORM sandbox.keep_attributes(made, declared, parent);
    IF parent IS DISTINCT FROM made OR declared ? 'sortkeys' THEN
        PERFORM sandbox.index_sort_key(made);
    END IF;
END $$;

-- The attributes that an ALTER TABLE changes; `types` are those that an encoding is for.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
CREATE FUNCTION sandbox.alter_table(changed regclass, change jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE problem text := coalesce(
    (SELECT CASE
         WHEN sortstyle = 'INTERLEAVED' AND (change ? 'types' OR change ->> 'diststyle' <> 'AUTO')
             THEN 'ALTER TABLE changes neither distribution nor encodings of a table with an interleaved sort key'
         WHEN nspname LIKE 'pg\_temp%' AND change ->> 'diststyle' IN ('ALL', 'EVEN')
             THEN 'ALTER DISTSTYLE is not supported for temporary tables'
     END
     FROM sandbox.tables WHERE table_id = changed),
    (SELECT format(CASE encoding WHEN wanted THEN 'column "%2$s" is encoded as "%1$s" already'
                   ELSE 'encoding "%s" is not supported for column "%s" of type %s' END, wanted, name, type)
     FROM sandbox.columns INNER JOIN jsonb_each_text(change -> 'encodings') AS named (name, wanted) USING (name)
     WHERE
         table_id = changed AND change ? 'types' AND (encoding = wanted OR type_id <> ALL (
             ARRAY(SELECT jsonb_array_elements_text(change -> 'types' -> name)::regtype)))
     LIMIT 1));
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM sandbox.record_table(changed, change, changed);
END $$;

-- What keeps ALTER TABLE APPEND from moving rows, and the columns that it moves. An identity column is none
-- of these, whatever the other table has. https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html
CREATE FUNCTION sandbox.compare_tables(target oid, source oid, extra text, OUT problem text, OUT columns text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH both_tables AS (
        SELECT * FROM sandbox.tables WHERE table_id IN (target, source) AND nspname NOT LIKE 'pg\_temp%'
    ), both_columns AS (
        SELECT
            name, count(*) = 2 AS is_common, min(table_id) = source AS is_of_source,
            count(DISTINCT (type, encoding, is_not_null)) > 1 AS differs
        FROM sandbox.columns
        WHERE table_id IN (target, source)
        GROUP BY name, CASE WHEN is_identity THEN table_id END
    )
    SELECT
        CASE
            WHEN (SELECT count(*) < 2 FROM both_tables) THEN 'takes two permanent tables'
            WHEN (SELECT count(DISTINCT (diststyle, distkey, sortkeys, CASE WHEN sortkeys <> '{}' THEN sortstyle END)) > 1
                  FROM both_tables) THEN 'takes tables with the same distribution and sort keys'
            WHEN bool_or(differs) THEN 'takes columns with the same attributes, not '
                || string_agg(quote_ident(name), ', ') FILTER (WHERE differs)
            WHEN bool_or(NOT is_common AND is_of_source) AND extra <> 'ignoreextra'
                THEN 'needs IGNOREEXTRA for columns of the source that the target has not'
            WHEN bool_or(NOT is_common AND NOT is_of_source) AND extra <> 'filltarget'
                THEN 'needs FILLTARGET for columns of the target that the source has not'
        END,
        string_agg(quote_ident(name), ', ') FILTER (WHERE is_common)
    FROM both_columns
$$;

-- With the caller's rights. The ALTER TABLE is for the owner alone, and changes nothing.
CREATE FUNCTION sandbox.append(target regclass, source regclass, extra text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE compared record;
BEGIN
    EXECUTE format('ALTER TABLE %s SET WITHOUT OIDS', source);
    compared := sandbox.compare_tables(target, source, extra);
    IF compared.problem IS NOT NULL THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND %', compared.problem USING ERRCODE = 'feature_not_supported';
    END IF;
    EXECUTE format('WITH moved AS (DELETE FROM %1$s RETURNING %3$s) INSERT INTO %2$s (%3$s) SELECT * FROM moved',
                   source, target, compared.columns);
END $$;

-- The same as constraint_name() of sandbox/dialect/column_types.py.
CREATE FUNCTION sandbox.constraint_name(kind text, column_name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length(name) <= 63 THEN name ELSE
        (SELECT left(name, max(size)) FROM generate_series(1, 63) AS size WHERE octet_length(left(name, size)) <= 54)
            || '_' || lpad(to_hex(crc32(convert_to(name, 'UTF8'))), 8, '0')
    END FROM (SELECT kind || '_' || column_name) AS full_name (name)
$$;

-- What a query makes has types without limits in PostgreSQL, and no checks of bytes. A text gets the
-- length that Redshift gives to one without, or the next that holds its values; a number their scale.
CREATE FUNCTION sandbox.limit_columns(made regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
    measured integer;
    actions text[] := '{}';
BEGIN
    FOR found IN
        SELECT attname AS name, atttypid::regtype::text AS type, atttypmod - 4 AS size
        FROM pg_attribute WHERE attrelid = made AND attnum > 0
    LOOP
        IF found.type = 'numeric' AND found.size < 0 THEN
            EXECUTE format('SELECT greatest(0, least(37, max(scale(%1$I)), 38 - max(length(trunc(abs(%1$I))::text))))
                            FROM %2$s', found.name, made) INTO measured;
            actions := actions || format('ALTER %I TYPE numeric(38, %s)', found.name, measured);
        ELSIF found.type IN ('text', 'character varying', 'character') AND found.size < 0 THEN
            EXECUTE format('SELECT max(octet_length(%I::text)) FROM %s', found.name, made) INTO measured;
            found.type := CASE found.type WHEN 'character' THEN 'character' ELSE 'character varying' END;
            found.size := (SELECT min(size) FROM unnest('{256, 1024, 4096, 16384, 65535}'::integer[]) AS size
                           WHERE size >= coalesce(measured, 0));
            actions := actions || format('ALTER %I TYPE %s(%s)', found.name, found.type, coalesce(found.size, 65535));
        END IF;
        IF found.type = 'character varying' THEN
            actions := actions || format(
                'ADD CONSTRAINT %I CHECK (octet_length(%I) <= %s)',
                sandbox.constraint_name('byte_length', found.name), found.name, coalesce(found.size, 65535));
        ELSIF found.type = 'character' THEN
            actions := actions || format(
                'ADD CONSTRAINT %I CHECK (octet_length(%2$I::text) = char_length(%2$I::text))',
                sandbox.constraint_name('ascii', found.name), found.name);
        END IF;
    END LOOP;
    IF actions <> '{}' THEN
        EXECUTE format('ALTER TABLE %s %s', made, array_to_string(actions, ', '));
    END IF;
END $$;

-- A check is named after its column, for its message and for ALTER TABLE to find it.
CREATE FUNCTION sandbox.rename_checks(changed regclass, number integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_name text;
    new_name text;
BEGIN
    FOR old_name, new_name IN
        SELECT conname, sandbox.constraint_name(
            CASE WHEN starts_with(conname, 'ascii_') THEN 'ascii' ELSE 'byte_length' END, sandbox.column_name(changed, number::smallint))
        FROM postgres_constraint  -- as system_tables.sql calls it
        WHERE conrelid = changed AND contype = 'c' AND conkey = ARRAY[number::smallint]
    LOOP
        IF old_name <> new_name THEN
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', changed, old_name, new_name);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION sandbox.after_change() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE change record;
BEGIN
    FOR change IN SELECT command_tag, object_type, objid, objsubid FROM pg_event_trigger_ddl_commands() LOOP
        IF change.object_type = 'table column' THEN
            PERFORM sandbox.rename_checks(change.objid, change.objsubid);
        ELSIF change.object_type = 'table' AND change.command_tag <> 'ALTER TABLE' THEN
            PERFORM sandbox.limit_columns(change.objid);
        END IF;
    END LOOP;
END $$;
CREATE EVENT TRIGGER after_change ON ddl_command_end
WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION sandbox.after_change();

CREATE FUNCTION sandbox.keep_keys() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE dropped record;
BEGIN
    FOR dropped IN
        SELECT address_names[3] AS name, distkey IS NOT DISTINCT FROM objsubid AS is_distkey
        FROM pg_event_trigger_dropped_objects()
        INNER JOIN sandbox.table_attributes ON table_id = objid AND objsubid = ANY (sortkeys || distkey)
        WHERE object_type = 'table column'
    LOOP
        RAISE EXCEPTION 'cannot drop % column "%"', CASE WHEN dropped.is_distkey THEN 'distkey' ELSE 'sortkey' END, dropped.name
            USING ERRCODE = 'feature_not_supported';
    END LOOP;
END $$;
CREATE EVENT TRIGGER keep_keys ON sql_drop WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION sandbox.keep_keys();

-- What COPYs write down of themselves (sandbox/copy/load_log.py), a line of JSON for each entry, in
-- files rather than tables: seen by everybody at once, whatever becomes of the transaction.
-- A COPY has two ids, of two series: `query` in the STL tables, which PG_LAST_COPY_ID() gives, and `query_id`
-- in the SYS views. Here they overlap, so that whoever takes one for the other finds another COPY's rows.
-- https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
CREATE SEQUENCE sandbox.stl_ids START 1000;
CREATE SEQUENCE sandbox.sys_ids START 1001;
CREATE FUNCTION sandbox.next_query_ids(OUT query bigint, OUT query_id bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT nextval('sandbox.stl_ids'), nextval('sandbox.sys_ids') $$;
-- The rows of a family of views, stl or sys, are held back while there is a file of this name: Redshift does
-- not say how soon they can be seen (sandbox/control.py).
CREATE FUNCTION sandbox.load_log(family text, kind text, OUT entry jsonb, OUT place bigint) RETURNS SETOF record
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT line::jsonb, place
    FROM pg_database
    INNER JOIN pg_stat_file(format('../%s.held', family), true) AS held ON held.size IS NULL
    CROSS JOIN string_to_table(pg_read_file(format('loads/%s.%s', oid, kind), true), E'\n')
        WITH ORDINALITY AS logged (line, place)
    WHERE
        datname = current_database() AND family IN ('stl', 'sys') AND kind IN ('history', 'errors', 'commits')
        AND line IS JSON OBJECT
        -- Users who are not superusers see their own rows only.
        AND (
            line::jsonb ->> 'user_name' = session_user
            OR (SELECT rolcreaterole FROM pg_roles WHERE rolname = session_user)
        )
$$;

CREATE TYPE sandbox.load AS (
    query_id bigint, transaction_id bigint, session_id integer, table_id integer, table_name text,
    status text, start_time timestamp, end_time timestamp, data_source text, loaded_rows bigint, loaded_bytes bigint,
    source_file_count integer, source_file_bytes bigint, file_count_scanned integer, file_bytes_scanned bigint,
    error_count bigint
);
CREATE TYPE sandbox.load_error AS (
    query integer, query_id bigint, transaction_id bigint, session_id integer, table_id integer, start_time timestamp,
    file_name text, line_number bigint, column_name text, column_type text, column_length text, "position" integer,
    raw_line text, raw_field_value text, error_code integer, error_message text
);
CREATE TYPE sandbox.load_commit AS (
    query integer, query_id bigint, transaction_id bigint, filename text, lines_scanned integer, curtime timestamp
);

CREATE VIEW pg_catalog.sys_load_history AS
SELECT
    100 AS user_id, query_id, transaction_id, session_id, current_database()::text AS database_name, status,
    table_name, start_time, end_time, (extract(epoch FROM end_time - start_time) * 1000000)::bigint AS duration,
    data_source, 'json'::text AS file_format, loaded_rows, loaded_bytes,
    source_file_count, source_file_bytes, file_count_scanned, file_bytes_scanned, error_count,
    NULL::bigint AS copy_job_id
FROM (
    SELECT DISTINCT ON (entry -> 'query_id') load.*
    FROM sandbox.load_log('sys', 'history')
    CROSS JOIN LATERAL jsonb_populate_record(NULL::sandbox.load, entry) AS load
    ORDER BY entry -> 'query_id', place DESC
) AS latest;

CREATE VIEW pg_catalog.sys_load_error_detail AS
SELECT
    100 AS user_id, query_id, transaction_id, session_id, current_database()::char(64) AS database_name,
    table_id, start_time, file_name::char(256) AS file_name, line_number, column_name::char(127) AS column_name,
    column_type::char(10) AS column_type, column_length::char(10) AS column_length, position,
    error_code, error_message::char(512) AS error_message, NULL::bigint AS copy_job_id
FROM sandbox.load_log('sys', 'errors')
CROSS JOIN LATERAL jsonb_populate_record(NULL::sandbox.load_error, entry);

-- A row for each file. A large one has several in stl_load_commits, and so many splits here.
CREATE VIEW pg_catalog.sys_load_detail AS
SELECT
    100 AS user_id, query_id, filename::char(256) AS file_name,
    sum(lines_scanned)::bigint AS lines_scanned, max(curtime) AS record_time, count(*)::integer AS splits_scanned,
    min(curtime) AS start_time, max(curtime) AS end_time
FROM sandbox.load_log('sys', 'commits')
CROSS JOIN LATERAL jsonb_populate_record(NULL::sandbox.load_commit, entry)
GROUP BY query_id, filename;

CREATE VIEW pg_catalog.stl_load_errors AS
SELECT
    100 AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session,
    query, file_name::char(256) AS filename, line_number, column_name::char(127) AS colname,
    column_type::char(10) AS type, column_length::char(10) AS col_length, position,
    raw_line::char(1024) AS raw_line, raw_field_value::char(1024) AS raw_field_value,
    error_code AS err_code, error_message::char(100) AS err_reason, 0 AS is_partial,
    0::bigint AS start_offset, NULL::bigint AS copy_job_id
FROM sandbox.load_log('stl', 'errors')
CROSS JOIN LATERAL jsonb_populate_record(NULL::sandbox.load_error, entry);

CREATE VIEW pg_catalog.stl_load_commits AS
SELECT
    100 AS userid, query, 0 AS slice, ''::char(256) AS name,
    filename::char(256) AS filename, 0 AS byte_offset, lines_scanned, 0 AS errors, curtime, 1 AS status,
    'JSON'::char(16) AS file_format, 0 AS is_partial, 0::bigint AS start_offset, NULL::bigint AS copy_job_id
FROM sandbox.load_log('stl', 'commits')
CROSS JOIN LATERAL jsonb_populate_record(NULL::sandbox.load_commit, entry);

CREATE FUNCTION sandbox.slice_count() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT slices FROM sandbox.settings';

-- Rows, megabytes, and rows on the fullest slice over rows on the emptiest; a slice is the hash of a
-- KEY's value. With the caller's rights, and of the caller's own tables only; of none that is locked, rather
-- than wait for it.
CREATE FUNCTION sandbox.measure(
    table_id oid, diststyle text, distkey text, OUT tbl_rows bigint, OUT size bigint, OUT skew_rows numeric
)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM pg_class
    WHERE oid = table_id AND relkind = 'r' AND pg_has_role(session_user, relowner, 'USAGE');
    IF NOT FOUND OR NOT has_table_privilege(table_id, 'SELECT') THEN RETURN; END IF;
    BEGIN
        EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE NOWAIT', table_id::regclass);
    EXCEPTION WHEN lock_not_available THEN RETURN;
    END;
    EXECUTE format('SELECT count(*) FROM %s', table_id::regclass) INTO tbl_rows;
    size := pg_table_size(table_id) / 1048576;
    skew_rows := CASE WHEN diststyle = 'EVEN' THEN 1 END;
    IF diststyle = 'KEY' THEN
        EXECUTE format(
            'SELECT max(filled)::numeric / greatest(min(filled), 1)
             FROM (SELECT count(hashed.slice) AS filled
                   FROM generate_series(0, sandbox.slice_count() - 1) AS slice
                   LEFT JOIN (SELECT abs(hashtextextended(coalesce(%1$I::text, ''''), 0)
                                         %% sandbox.slice_count()) AS slice
                              FROM %2$s) AS hashed USING (slice)
                   GROUP BY slice) AS by_slice',
            distkey, table_id::regclass) INTO skew_rows;
    END IF;
END $$;

CREATE VIEW pg_catalog.pg_table_def AS
SELECT
    nspname AS schemaname, relname AS tablename, name::name AS "column", type, encoding::char(32) AS encoding,
    is_distkey AS distkey, sortkey, is_not_null AS notnull
FROM sandbox.columns
WHERE nspname = ANY (current_schemas(false))
ORDER BY schemaname, tablename, attnum;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html
CREATE VIEW pg_catalog.pg_class_info AS
SELECT
    oid AS reloid, pg_class.*, create_time AS relcreationtime,
    CASE diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END AS reldiststyle
FROM pg_class
INNER JOIN sandbox.tables ON oid = table_id;

CREATE VIEW pg_catalog.svv_table_info AS
SELECT
    current_database()::text AS database,
    nspname::text AS schema,
    table_id,
    relname::text AS "table",
    CASE WHEN encode_auto THEN 'Y, AUTO(ENCODE)' ELSE 'Y' END AS encoded,
    CASE diststyle
        WHEN 'KEY' THEN 'KEY(' || distkey || ')'
        WHEN 'AUTO' THEN 'AUTO(ALL)'
        ELSE diststyle
    END AS diststyle,
    CASE WHEN cardinality(sortkeys) > 0 THEN sortkeys[1] WHEN sortstyle = 'AUTO' THEN 'AUTO(SORTKEY)' END AS sortkey1,
    (SELECT max(atttypmod - 4) FROM pg_attribute
     WHERE attrelid = table_id AND atttypid = 'varchar'::regtype) AS max_varchar,
    CASE WHEN cardinality(sortkeys) > 0
        THEN coalesce(encodings ->> sortkeys[1], 'none')
    END::char(32) AS sortkey1_enc,
    cardinality(sortkeys) AS sortkey_num,
    size,
    NULL::numeric(10, 4) AS pct_used,
    0::bigint AS empty,
    NULL::numeric(5, 2) AS unsorted,
    NULL::numeric(5, 2) AS stats_off,
    tbl_rows::numeric(38, 0) AS tbl_rows,
    NULL::numeric(19, 2) AS skew_sortkey1,
    skew_rows::numeric(19, 2) AS skew_rows,
    tbl_rows::numeric(38, 0) AS estimated_visible_rows,
    NULL::text AS risk_event,
    NULL::numeric(12, 2) AS vacuum_sort_benefit,
    create_time
FROM sandbox.tables
CROSS JOIN LATERAL sandbox.measure(table_id, diststyle, distkey)
WHERE pg_has_role(relowner, 'USAGE') AND tbl_rows IS DISTINCT FROM 0;

-- The slices of all nodes. A superuser's view, because it alone may see the settings.
CREATE VIEW pg_catalog.stv_slices AS
SELECT
    slice * nodes / slices AS node,
    slice,
    slice % (slices / nodes) AS localslice,
    'D'::character(1) AS type
FROM sandbox.settings
CROSS JOIN generate_series(0, slices - 1) AS slice;

GRANT SELECT ON pg_catalog.sys_load_history, pg_catalog.sys_load_detail, pg_catalog.sys_load_error_detail, pg_catalog.stl_load_errors,
    pg_catalog.stl_load_commits, pg_catalog.stv_slices, pg_catalog.svv_table_info, pg_catalog.pg_table_def,
    pg_catalog.pg_class_info TO PUBLIC;

-- The transactions that are open in a database, and the tables and transactions that they have locked.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html
CREATE FUNCTION sandbox.transactions() RETURNS TABLE (
    txn_owner text, txn_db text, xid bigint, pid integer, txn_start timestamp, lock_mode text,
    lockable_object_type text, relation integer, granted boolean
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT
        usename, datname, backend_xid::text::bigint, session.pid, xact_start AT TIME ZONE 'UTC', mode,
        locktype, locked.oid::integer, granted
    FROM pg_locks
    INNER JOIN pg_stat_activity AS session ON session.pid = pg_locks.pid AND datname = current_database()
    LEFT JOIN pg_class AS locked ON locked.oid = pg_locks.relation AND relkind = 'r'
    WHERE locktype = 'transactionid' OR (locktype = 'relation' AND locked.oid IS NOT NULL)
$$;
CREATE VIEW pg_catalog.svv_transactions AS SELECT * FROM sandbox.transactions();

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SESSIONS.html
CREATE FUNCTION sandbox.sessions() RETURNS TABLE (
    starttime timestamp, process integer, user_name character(50), db_name character(50), timeout_sec integer
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT backend_start AT TIME ZONE 'UTC', pid, usename, datname, 0
    FROM pg_stat_activity INNER JOIN pg_roles ON usename = rolname AND NOT rolsuper
    WHERE backend_type = 'client backend'
$$;
CREATE VIEW pg_catalog.stv_sessions AS SELECT * FROM sandbox.sessions();

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ROLES.html
CREATE VIEW pg_catalog.svv_roles AS
SELECT
    pg_roles.oid::integer AS role_id, rolname::text AS role_name, pg_get_userbyid(member)::text AS role_owner,
    NULL::text AS external_id
FROM pg_roles
INNER JOIN pg_auth_members ON roleid = pg_roles.oid AND admin_option
WHERE NOT rolcanlogin AND (pg_has_role(pg_roles.oid, 'MEMBER') OR member = to_regrole(quote_ident(session_user)));
-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_USER_GRANTS.html
CREATE VIEW pg_catalog.svv_user_grants AS
SELECT
    member::integer AS user_id, users.rolname::text AS user_name, roleid::integer AS role_id,
    roles.rolname::text AS role_name, admin_option
FROM pg_auth_members
INNER JOIN pg_roles AS users ON users.oid = member AND users.rolcanlogin
INNER JOIN pg_roles AS roles ON roles.oid = roleid AND NOT roles.rolcanlogin
WHERE
    roles.rolname NOT LIKE 'pg\_%' AND NOT users.rolcreaterole
    AND (
        member = to_regrole(quote_ident(session_user))
        OR (SELECT rolcreaterole FROM pg_roles WHERE rolname = session_user)
    );
GRANT SELECT ON pg_catalog.svv_roles, pg_catalog.svv_user_grants TO PUBLIC;
-- By default, everybody may create tables in this schema.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Schemas_and_tables.html
GRANT CREATE ON SCHEMA public TO PUBLIC;
GRANT SELECT ON pg_catalog.svv_transactions, pg_catalog.stv_sessions TO PUBLIC;

CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
        '(Red Hat 3.4.2-6.fc3), Redshift 1.0.0 (sandbox)'
$$;
CREATE OR REPLACE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE lower($1)
        WHEN 'server_version' THEN '8.0.2' WHEN 'server_version_num' THEN '80002'
        ELSE pg_catalog.current_setting($1, false)
    END
$$;
-- The proxy sets both before a statement that names one of these functions.
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('sandbox.last_copy_count', true), ''), '0')::bigint
$$;
CREATE FUNCTION pg_catalog.pg_last_copy_id() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('sandbox.last_copy_id', true), ''), '-1')::integer
$$;
-- A type's length is in bytes. A cast leaves off what is too long, from the end of a character on; a value
-- that is stored may only lose blanks. PostgreSQL calls these for both.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Examples_with_character_types.html
CREATE FUNCTION sandbox.first_bytes(value text, size integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT convert_from(substr(bytes, 1, max(boundary)), 'UTF8')
    FROM convert_to(value, 'UTF8') AS bytes, generate_series(greatest(size - 3, 0), size) AS boundary
    WHERE get_byte(bytes, boundary) & 192 <> 128
    GROUP BY bytes
$$;
CREATE FUNCTION sandbox.too_long(value text, type text, size integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'value too long for type %(%)', type, size USING ERRCODE = 'string_data_right_truncation';
END $$;
CREATE FUNCTION sandbox.fit(varchar, integer, boolean) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN octet_length($1) <= $2 - 4 OR $2 < 4 THEN $1
        WHEN $3 OR octet_length(rtrim($1, ' ')) <= $2 - 4 THEN sandbox.first_bytes($1, $2 - 4)
        ELSE sandbox.too_long($1, 'character varying', $2 - 4)
    END::varchar
$$;
CREATE FUNCTION sandbox.padded(value text, size integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT rpad(value, char_length(value) + size - octet_length(value))';
CREATE FUNCTION sandbox.fit(bpchar, integer, boolean) RETURNS bpchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN $2 < 4 THEN $1
        WHEN octet_length($1::text) <= $2 - 4 THEN sandbox.padded($1::text, $2 - 4)
        WHEN $3 THEN sandbox.padded(sandbox.first_bytes($1::text, $2 - 4), $2 - 4)
        ELSE sandbox.too_long($1::text, 'character', $2 - 4)
    END::bpchar
$$;
UPDATE pg_cast SET castfunc = to_regprocedure(format('sandbox.fit(%s, integer, boolean)', castsource::regtype))
WHERE castsource = casttarget AND castsource IN ('varchar'::regtype, 'bpchar'::regtype);

CREATE FUNCTION sandbox.text_of_boolean(boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type boolean to character varying' USING ERRCODE = 'cannot_coerce';
END $$;
UPDATE pg_cast SET castfunc = 'sandbox.text_of_boolean'::regproc
WHERE castsource = 'boolean'::regtype AND casttarget IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype);

-- What the dialect refuses, PostgreSQL refuses too: a client makes nothing here that could run with the
-- rights of somebody else, such as functions, casts, types, operators, triggers, rules and extensions.
REVOKE USAGE ON LANGUAGE sql, plpgsql FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean), sandbox.keep_keys() FROM PUBLIC;
CREATE FUNCTION sandbox.before_change() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT NOT rolsuper FROM pg_roles WHERE rolname = current_user) AND tg_tag NOT IN (
        'ALTER DEFAULT PRIVILEGES', 'ALTER SCHEMA', 'ALTER TABLE', 'COMMENT', 'CREATE MATERIALIZED VIEW',
        'CREATE SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'CREATE VIEW', 'DROP MATERIALIZED VIEW', 'DROP SCHEMA',
        'DROP TABLE', 'DROP VIEW', 'GRANT', 'REFRESH MATERIALIZED VIEW', 'REVOKE', 'SELECT INTO'
    ) THEN
        RAISE EXCEPTION 'the sandbox does not do %', tg_tag USING ERRCODE = 'feature_not_supported';
    END IF;
END $$;
CREATE EVENT TRIGGER before_change ON ddl_command_start EXECUTE FUNCTION sandbox.before_change();
