-- Redshift's system tables and functions, as far as the sandbox has them, in template1, from
-- which every database is copied. https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
SET allow_system_table_mods = on;

CREATE SCHEMA sandbox;
GRANT USAGE ON SCHEMA sandbox TO PUBLIC;

CREATE TABLE sandbox.settings (slices integer NOT NULL);
INSERT INTO sandbox.settings VALUES (2);

-- What CREATE TABLE said and PostgreSQL does not know.
CREATE TABLE sandbox.table_attributes (
    table_id oid PRIMARY KEY,
    diststyle text NOT NULL,
    distkey text,
    sortkeys text[] NOT NULL,
    sortstyle text NOT NULL,
    encodings jsonb NOT NULL,
    keys text[] NOT NULL,
    create_time timestamp NOT NULL DEFAULT localtimestamp
);

-- A table made LIKE another takes over its distribution and sort keys.
CREATE FUNCTION sandbox.record_table(table_name text, attributes jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO sandbox.table_attributes (table_id, diststyle, distkey, sortkeys, sortstyle, encodings, keys)
    SELECT
        table_name::regclass,
        coalesce(parent.diststyle, attributes ->> 'diststyle'),
        coalesce(parent.distkey, attributes ->> 'distkey'),
        coalesce(parent.sortkeys, ARRAY(SELECT jsonb_array_elements_text(attributes -> 'sortkeys'))),
        coalesce(parent.sortstyle, attributes ->> 'sortstyle'),
        coalesce(parent.encodings, attributes -> 'encodings'),
        ARRAY(SELECT jsonb_array_elements_text(attributes -> 'keys'))
    FROM (SELECT (attributes ->> 'like')::regclass AS table_id) AS named
    LEFT JOIN sandbox.table_attributes AS parent USING (table_id)
    ON CONFLICT (table_id) DO NOTHING
$$;

-- One row for each COPY; written outside the client's transaction, so that it survives a rollback.
CREATE SEQUENCE sandbox.query_ids START 1000;
CREATE TABLE sandbox.load_history (
    user_id integer NOT NULL DEFAULT 100,
    query_id bigint PRIMARY KEY,
    transaction_id bigint NOT NULL,
    session_id integer NOT NULL,
    database_name text NOT NULL DEFAULT current_database(),
    status text NOT NULL,
    table_name text NOT NULL,
    table_id integer NOT NULL,
    start_time timestamp NOT NULL DEFAULT clock_timestamp(),
    end_time timestamp,
    data_source text NOT NULL,
    loaded_rows bigint NOT NULL DEFAULT 0,
    loaded_bytes bigint NOT NULL DEFAULT 0,
    source_file_count integer NOT NULL DEFAULT 0,
    source_file_bytes bigint NOT NULL DEFAULT 0,
    file_count_scanned integer NOT NULL DEFAULT 0,
    file_bytes_scanned bigint NOT NULL DEFAULT 0,
    error_count bigint NOT NULL DEFAULT 0
);
CREATE TABLE sandbox.load_errors (
    query_id bigint NOT NULL,
    session_id integer NOT NULL,
    transaction_id bigint NOT NULL,
    table_id integer NOT NULL,
    start_time timestamp NOT NULL DEFAULT clock_timestamp(),
    file_name char(256) NOT NULL,
    line_number bigint NOT NULL,
    column_name char(127) NOT NULL,
    column_type char(10) NOT NULL,
    column_length char(10) NOT NULL,
    position integer NOT NULL,
    raw_line char(1024) NOT NULL,
    raw_field_value char(1024) NOT NULL,
    error_code integer NOT NULL,
    error_message char(512) NOT NULL
);

CREATE VIEW pg_catalog.sys_load_history AS
SELECT
    user_id, query_id, transaction_id, session_id, database_name, status, table_name, start_time, end_time,
    (extract(epoch FROM end_time - start_time) * 1000000)::bigint AS duration,
    data_source, 'json'::text AS file_format, loaded_rows, loaded_bytes,
    source_file_count, source_file_bytes, file_count_scanned, file_bytes_scanned, error_count,
    NULL::bigint AS copy_job_id
FROM sandbox.load_history;

CREATE VIEW pg_catalog.sys_load_error_detail AS
SELECT
    100 AS user_id, query_id, transaction_id, session_id, current_database()::char(64) AS database_name,
    table_id, start_time, file_name, line_number, column_name, column_type, column_length, position,
    error_code, error_message, NULL::bigint AS copy_job_id
FROM sandbox.load_errors;

CREATE VIEW pg_catalog.stl_load_errors AS
SELECT
    100 AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session,
    query_id::integer AS query, file_name AS filename, line_number, column_name AS colname,
    column_type AS type, column_length AS col_length, position, raw_line, raw_field_value,
    error_code AS err_code, error_message::char(100) AS err_reason, 0 AS is_partial,
    0::bigint AS start_offset, NULL::bigint AS copy_job_id
FROM sandbox.load_errors;

CREATE FUNCTION sandbox.table_rows(table_id oid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE found_rows bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', table_id::regclass) INTO found_rows;
    RETURN found_rows;
END $$;

-- Rows on the fullest slice over rows on the emptiest; by the value's hash for KEY, and NULL has one.
CREATE FUNCTION sandbox.skew_rows(table_id oid, diststyle text, distkey text) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE skew numeric;
BEGIN
    IF diststyle = 'ALL' THEN RETURN NULL; END IF;
    IF diststyle <> 'KEY' THEN RETURN 1.00; END IF;
    EXECUTE format(
        'SELECT max(filled)::numeric / greatest(min(filled), 1)
         FROM (SELECT count(hashed.slice) AS filled
               FROM generate_series(0, (SELECT slices - 1 FROM sandbox.settings)) AS slice
               LEFT JOIN (SELECT abs(hashtextextended(coalesce(%1$I::text, ''''), 0)
                                     %% (SELECT slices FROM sandbox.settings)) AS slice
                          FROM %2$s) AS hashed USING (slice)
               GROUP BY slice) AS by_slice',
        distkey, table_id::regclass) INTO skew;
    RETURN skew;
END $$;

CREATE VIEW sandbox.tables AS
SELECT
    pg_class.oid AS table_id, nspname, relname, relnatts, pg_class.oid::regclass AS name,
    coalesce(diststyle, 'AUTO') AS diststyle, distkey, coalesce(sortkeys, '{}') AS sortkeys,
    coalesce(sortstyle, 'AUTO') AS sortstyle, coalesce(encodings, '{}') AS encodings, create_time,
    sandbox.table_rows(pg_class.oid) AS tbl_rows
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
LEFT JOIN sandbox.table_attributes ON pg_class.oid = table_attributes.table_id
WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', 'sandbox', 'pg_toast');

CREATE VIEW pg_catalog.svv_table_info AS
SELECT
    current_database()::text AS database,
    nspname::text AS schema,
    table_id,
    relname::text AS "table",
    CASE WHEN sortstyle = 'AUTO' THEN 'Y, AUTO(ENCODE)' ELSE 'Y' END AS encoded,
    CASE diststyle
        WHEN 'KEY' THEN 'KEY(' || distkey || ')'
        WHEN 'AUTO' THEN 'AUTO(ALL)'
        ELSE diststyle
    END AS diststyle,
    CASE WHEN cardinality(sortkeys) > 0 THEN sortkeys[1] WHEN sortstyle = 'AUTO' THEN 'AUTO(SORTKEY)' END AS sortkey1,
    (SELECT max(atttypmod - 4) FROM pg_attribute
     WHERE attrelid = table_id AND atttypid = 'varchar'::regtype) AS max_varchar,
    (encodings ->> sortkeys[1])::char(32) AS sortkey1_enc,
    cardinality(sortkeys) AS sortkey_num,
    (pg_table_size(table_id) / 1048576)::integer AS size,
    NULL::numeric(10, 4) AS pct_used,
    0::bigint AS empty,
    NULL::numeric(5, 2) AS unsorted,
    NULL::numeric(5, 2) AS stats_off,
    tbl_rows::numeric(38, 0) AS tbl_rows,
    NULL::numeric(19, 2) AS skew_sortkey1,
    sandbox.skew_rows(table_id, CASE diststyle WHEN 'AUTO' THEN 'ALL' ELSE diststyle END, distkey)::numeric(19, 2)
        AS skew_rows,
    tbl_rows::numeric(38, 0) AS estimated_visible_rows,
    NULL::text AS risk_event,
    NULL::numeric(12, 2) AS vacuum_sort_benefit,
    create_time
FROM sandbox.tables
WHERE tbl_rows > 0 AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = table_id), 'USAGE');

CREATE VIEW pg_catalog.pg_table_def AS
SELECT
    pg_namespace.nspname AS schemaname,
    pg_class.relname AS tablename,
    attname AS "column",
    format_type(atttypid, atttypmod) AS type,
    coalesce(encodings ->> attname, 'none')::char(32) AS encoding,
    coalesce(distkey = attname, false) AS distkey,
    (CASE WHEN sortstyle = 'INTERLEAVED' AND array_position(sortkeys, attname::text) % 2 = 0 THEN -1 ELSE 1 END
        * coalesce(array_position(sortkeys, attname::text), 0)) AS sortkey,
    attnotnull AS notnull
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
INNER JOIN pg_attribute ON pg_class.oid = attrelid AND attnum > 0 AND NOT attisdropped
LEFT JOIN sandbox.table_attributes ON pg_class.oid = table_attributes.table_id
WHERE relkind = 'r' AND nspname = ANY (current_schemas(false))
ORDER BY schemaname, tablename, attnum;

GRANT SELECT ON pg_catalog.sys_load_history, pg_catalog.sys_load_error_detail, pg_catalog.stl_load_errors,
    pg_catalog.svv_table_info, pg_catalog.pg_table_def TO PUBLIC;

CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
        '(Red Hat 3.4.2-6.fc3), Redshift 1.0.0 (sandbox)'
$$;
-- The proxy sets both before a statement that names one of these functions.
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('sandbox.last_copy_count', true), ''), '0')::bigint
$$;
CREATE FUNCTION pg_catalog.pg_last_copy_id() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('sandbox.last_copy_id', true), ''), '-1')::integer
$$;
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
    'SELECT date_trunc(''second'', statement_timestamp() AT TIME ZONE ''UTC'')';
CREATE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
    'SELECT transaction_timestamp() AT TIME ZONE ''UTC''';
CREATE FUNCTION pg_catalog.len(value text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT length(value)';
CREATE FUNCTION pg_catalog.nvl(VARIADIC choices anycompatiblearray) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS
    'SELECT choice FROM unnest(choices) AS choice WHERE choice IS NOT NULL LIMIT 1';
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, start timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$
    SELECT start + amount * CASE part WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || part)::interval END
$$;
-- Counts the boundaries between the two, as Redshift does.
CREATE FUNCTION pg_catalog.datediff(part text, earlier timestamp, later timestamp) RETURNS bigint
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
CREATE AGGREGATE pg_catalog.listagg(text, text) (
    SFUNC = string_agg_transfn, STYPE = internal, FINALFUNC = string_agg_finalfn
);
