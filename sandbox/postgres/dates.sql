-- Dates. https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
CALL sandbox.define('getdate()', 'timestamp STABLE',
    $$date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC')$$);
-- SYSDATE and CURRENT_DATE, by the names that their columns have.
CALL sandbox.define('sandbox.timestamp()', 'timestamp STABLE', $$transaction_timestamp() AT TIME ZONE 'UTC'$$);
CALL sandbox.define('sandbox.date()', 'date STABLE', 'current_date');
CALL sandbox.define('date_trunc(part text, start ?)', 'timestamp', 'date_trunc(part, start::timestamp)', 'date, text');
CALL sandbox.define('trunc(timestamp)', 'date', '$1::date');
CALL sandbox.define('date_part_year(date)', 'integer', 'extract(year FROM $1)::integer');
CALL sandbox.define('last_day(timestamp)', 'date', $$(date_trunc('month', $1) + interval '1 month - 1 day')::date$$);
CALL sandbox.define('add_months(timestamp, integer)', 'timestamp', $$CASE
    WHEN $1::date = last_day($1) THEN last_day($1 + $2 * interval '1 month') + $1::time
    ELSE $1 + $2 * interval '1 month' END$$);
-- A month has 31 days, unless both days are the same or the last ones.
CALL sandbox.define('months_between(timestamp, timestamp)', 'double precision', $$
    (extract(year FROM $1) - extract(year FROM $2)) * 12 + extract(month FROM $1) - extract(month FROM $2)
    + CASE
        WHEN extract(day FROM $1) = extract(day FROM $2) OR ($1::date = last_day($1) AND $2::date = last_day($2)) THEN 0
        ELSE extract(epoch FROM $1 - date_trunc('month', $1) - ($2 - date_trunc('month', $2))) / 86400 / 31
    END$$);
CREATE FUNCTION pg_catalog.next_day(start timestamp, day text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    names text[] := '{su sun sunday, m mo mon monday, tu tue tues tuesday, w we wed wednesday, th thu thurs thursday,
                      f fr fri friday, sa sat saturday}';
    number integer := (
        SELECT place FROM unnest(names) WITH ORDINALITY AS listed (spellings, place)
        WHERE lower(day) = ANY (string_to_array(spellings, ' '))
    );
BEGIN
    IF number IS NULL AND day IS NOT NULL THEN PERFORM sandbox.refuse(format('NEXT_DAY of the day %s', day)); END IF;
    RETURN start::date + 1 + (number + 12 - extract(dow FROM start)::integer) % 7;
END $$;
-- https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html
CALL sandbox.define('convert_timezone(text, text, timestamp)', 'timestamp', '$3 AT TIME ZONE $1 AT TIME ZONE $2');
CALL sandbox.define('convert_timezone(text, timestamp)', 'timestamp', $$convert_timezone('UTC', $1, $2)$$);

-- A year after 29 February is 1 March, 12 months after it are not.
CALL sandbox.define('date_add(part text, amount bigint, start timestamp)', 'timestamp', $$CASE
    WHEN part = 'quarter' THEN start + amount * interval '3 months'
    WHEN part IN ('year', 'decade', 'century', 'millennium') AND extract(day FROM start) = 29
        THEN start - interval '1 day' + amount * ('1 ' || part)::interval + interval '1 day'
    ELSE start + amount * ('1 ' || part)::interval END$$);
-- Counts the boundaries between the two, as Redshift does.
CREATE FUNCTION pg_catalog.date_diff(part text, earlier timestamp, later timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
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
-- Times have the parts of a day alone, and those with a time zone are in UTC. Literals are timestamps.
CALL sandbox.define('sandbox.part_of_time(part text)', 'text', $$CASE
    WHEN part IN ('hour', 'minute', 'second', 'millisecond', 'microsecond') THEN part
    ELSE sandbox.refuse('the date part ' || part || ' of a time') END$$);
CALL sandbox.define('date_add(part text, amount bigint, start time)', 'time',
    $$start + amount * ('1 ' || sandbox.part_of_time(part))::interval$$);
CALL sandbox.define('date_add(part text, amount bigint, start timetz)', 'timetz',
    $$(start + amount * ('1 ' || sandbox.part_of_time(part))::interval) AT TIME ZONE 'UTC'$$);
CALL sandbox.define('date_add(part text, amount bigint, start ?)', 'timestamp STABLE',
    'date_add(part, amount, start::timestamp)', 'text, timestamptz');
CALL sandbox.define('date_diff(part text, earlier time, later time)', 'bigint',
    $$date_diff(sandbox.part_of_time(part), date '2000-01-01' + earlier, date '2000-01-01' + later)$$);
CALL sandbox.define('date_diff(part text, earlier timetz, later timetz)', 'bigint',
    $$date_diff(part, (earlier AT TIME ZONE 'UTC')::time, (later AT TIME ZONE 'UTC')::time)$$);
CALL sandbox.define('date_diff(part text, earlier ?, later ?)', 'bigint STABLE',
    'date_diff(part, earlier::timestamp, later::timestamp)', 'text, timestamptz');

-- EXTRACT takes the part alone, without the fraction of a second and without what is greater; DATE_PART takes
-- the fraction along. The first decade ends with the year 9.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
CALL sandbox.define('sandbox.any_part(part text, value double precision)', 'double precision', $$CASE part
    WHEN 'decade' THEN value + 1
    WHEN 'microsecond' THEN value::bigint % 1000000
    ELSE value END$$);
CALL sandbox.define('sandbox.whole_part(part text, value double precision)', 'integer',
    $$floor(sandbox.any_part(part, value))::bigint % CASE
    WHEN part IN ('millisecond', 'microsecond') THEN 1000 ELSE 9223372036854775807 END$$);
CALL sandbox.define('pgdate_part(part text, moment ?)', 'double precision',
    'sandbox.any_part(part, postgres_date_part(part, moment))', 'timestamp, date, time, timetz, interval');
CALL sandbox.define('sandbox.date_part(part text, moment ?)', 'integer',
    'sandbox.whole_part(part, postgres_date_part(part, moment))', 'timestamp, date, time, timetz, interval');
CALL sandbox.define('pgdate_part(part text, moment timestamptz)', 'double precision STABLE',
    'sandbox.any_part(part, postgres_date_part(part, moment))');
CALL sandbox.define('sandbox.date_part(part text, moment timestamptz)', 'double precision STABLE',
    'sandbox.whole_part(part, postgres_date_part(part, moment))');

-- What is too much for its part is carried over, the 31st of June to July, unless it is to be strict.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_TIMESTAMP.html
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_DATE_function.html
CREATE FUNCTION sandbox.carried_over(value text, format text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    pattern text := postgres_regexp_replace(upper(format), '[^A-Z0-9]+', E'\\D*', 'g');
    names text[] := ARRAY(SELECT name[1] FROM regexp_matches(pattern, 'YYYY|MM|DD|HH24|MI|SS', 'g') AS name);
    found jsonb;
BEGIN
    IF postgres_regexp_replace(upper(format), 'YYYY|MM|DD|HH24|MI|SS', '', 'g') ~ '[A-Z0-9]' THEN
        PERFORM sandbox.refuse(format('dates that are out of range in the format %s', format));
    END IF;
    pattern := replace(postgres_regexp_replace(pattern, 'MM|DD|HH24|MI|SS', E'(\\d{1,2})', 'g'), 'YYYY', E'(\\d{1,4})');
    found := jsonb_object(names, regexp_match(value, pattern));
    RETURN make_timestamp(coalesce((found ->> 'YYYY')::integer, 1), 1, 1, 0, 0, 0) + make_interval(
        months => coalesce((found ->> 'MM')::integer, 1) - 1, days => coalesce((found ->> 'DD')::integer, 1) - 1,
        hours => coalesce((found ->> 'HH24')::integer, 0), mins => coalesce((found ->> 'MI')::integer, 0),
        secs => coalesce((found ->> 'SS')::integer, 0));
END $$;
CREATE FUNCTION sandbox.to_moment(value text, format text, is_strict boolean) RETURNS timestamp
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF format ~ 'TZ|tz|OF' THEN PERFORM sandbox.refuse(format('TO_TIMESTAMP with the format %s', format)); END IF;
    RETURN CASE WHEN value = '' THEN '0001-01-01'::timestamp ELSE postgres_to_timestamp(value, format)::timestamp END;
EXCEPTION WHEN datetime_field_overflow THEN
    IF is_strict THEN RAISE; END IF;
    RETURN sandbox.carried_over(value, format);
END $$;
CREATE FUNCTION pg_catalog.to_timestamp(value text, format text, is_strict boolean DEFAULT false) RETURNS timestamptz
LANGUAGE sql STABLE RETURN sandbox.to_moment(value, format, is_strict)::timestamptz;
CREATE FUNCTION pg_catalog.to_date(value text, format text, is_strict boolean DEFAULT false) RETURNS date
LANGUAGE sql STABLE RETURN sandbox.to_moment(value, format, is_strict)::date;

-- TO_CHAR. TZ of a TIMESTAMP is the session's time zone.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_CHAR.html
CALL sandbox.define('to_char(timestamp, text)', 'text STABLE',
    $$CASE WHEN $2 ~* 'TZ' THEN to_char($1::timestamptz, $2) ELSE postgres_to_char($1, $2) END$$);
