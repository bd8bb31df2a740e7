package dev.tidemill.postgres;

import static dev.tidemill.postgres.Examination.size;
import static dev.tidemill.postgres.Examination.span;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Severity;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The state of our tables: dead rows, size, and whether there is room for the ids to come. */
final class TableChecks {
    /** Rows come and go in them; the others only grow. */
    private static final Set<String> HOT =
            Set.of("ready", "scheduled", "lease", "node", "fence", "closing", "tally", "rollup", "dead_letter");

    /** By job, but for attempts, which are by lease. */
    private static final Set<String> PARTITIONED = Set.of("job", "tag", "attempt", "cancelled");

    private static final long VACUUM_SECONDS = 300;
    private static final long ROW_BYTES = 250;
    private static final long LEAST_ROW_BYTES = 24;
    private static final Pattern RANGE = Pattern.compile("FROM \\('(-?\\d+)'\\) TO \\('(-?\\d+)'\\)");

    private TableChecks() {}

    static void tables(Examination examination) throws SQLException {
        examination.each("checkup_tables", rows -> {
            String table = rows.getString(1);
            String name = examination.schema() + "." + table;
            long live = rows.getLong(2);
            long dead = rows.getLong(3);
            long bytes = rows.getLong(4) + rows.getLong(5);
            long vacuumedSeconds = rows.getLong(6);
            boolean neverVacuumed = rows.wasNull();
            long threshold = rows.getLong(7);
            long limit = examination.limits().deadTuples();
            boolean late = neverVacuumed || vacuumedSeconds > VACUUM_SECONDS;
            long many = Math.max(limit, 10 * threshold);
            // VACUUM FULL leaves the count as it was: what the table has no room for is no longer there.
            boolean there = dead * LEAST_ROW_BYTES <= rows.getLong(4);
            if (there && dead > (late ? many : 10 * many)) {
                examination.found(
                        Ailment.DEAD_TUPLES,
                        Severity.WARNING,
                        "Table " + table + " has " + dead + " dead rows beside " + live + " live ones; vacuumed "
                                + (neverVacuumed ? "never" : span(vacuumedSeconds) + " ago")
                                + ", and due from " + threshold + " dead rows on.",
                        "See first whether something holds vacuum back (HELD_XMIN, PREPARED_TRANSACTION,"
                                + " REPLICATION_SLOT). Then: vacuum (verbose) " + name
                                + "; and more workers or less delay: autovacuum_max_workers, autovacuum_naptime.",
                        "table",
                        table,
                        "dead",
                        dead,
                        "live",
                        live,
                        "threshold",
                        threshold,
                        "bytes",
                        bytes);
            }
            if (HOT.contains(table)
                    && bytes > examination.limits().bloatBytes()
                    && bytes > 10 * ROW_BYTES * (live + 1_000)) {
                examination.found(
                        Ailment.BLOAT,
                        Severity.WARNING,
                        "Table " + table + " takes " + size(bytes) + " (" + size(rows.getLong(5))
                                + " of it indexes) for " + live + " rows.",
                        "reindex table concurrently " + name + "; gives the indexes' space back while everybody works."
                                + " The table's own only with the workers stopped: vacuum full " + name + ";",
                        "table",
                        table,
                        "bytes",
                        bytes,
                        "index_bytes",
                        rows.getLong(5),
                        "live",
                        live);
            }
            if (rows.getBoolean(8)) {
                examination.found(
                        Ailment.AUTOVACUUM_OFF,
                        Severity.CRITICAL,
                        "Autovacuum is off for table " + table + ".",
                        "alter table " + name + " reset (autovacuum_enabled);",
                        "table",
                        table);
            }
        });
    }

    private record Range(long from, long to) {}

    static void partitions(Examination examination) throws SQLException {
        Map<String, Long> current = new HashMap<>();
        examination.each("checkup_ids", rows -> {
            for (String parent : PARTITIONED) {
                current.put(parent, rows.getLong(parent.equals("attempt") ? 2 : 1));
            }
        });
        Map<String, Integer> counts = new HashMap<>();
        Map<String, Long> ahead = new HashMap<>();
        Map<String, Long> spans = new HashMap<>();
        examination.each("checkup_partitions", rows -> {
            String parent = rows.getString(1);
            counts.merge(parent, 1, Integer::sum);
            Matcher range = RANGE.matcher(String.valueOf(rows.getString(3)));
            if (range.find()) {
                Range held = new Range(Long.parseLong(range.group(1)), Long.parseLong(range.group(2)));
                long now = current.getOrDefault(parent, 0L);
                spans.merge(parent, held.to - held.from, Math::max);
                if (held.to > now) {
                    // Neighbours, since they are made in order: what they hold from here on adds up.
                    ahead.merge(parent, held.to - Math.max(held.from, now), Long::sum);
                }
            }
        });
        for (String parent : new TreeSet<>(current.keySet())) {
            long left = ahead.getOrDefault(parent, 0L);
            long span = spans.getOrDefault(parent, 1L);
            if (left < span) {
                examination.found(
                        Ailment.PARTITIONS_MISSING,
                        PostgresCheckup.worse(left < span / 20),
                        "Table " + parent + " has partitions for " + left + " more ids; there should be room for "
                                + span + " and more.",
                        "./tidemill doctor --repair, or: select " + examination.schema()
                                + ".make_partitions(); every process that is up makes them every half minute, so see"
                                + " in its log what keeps it.",
                        "table",
                        parent,
                        "ids_left",
                        left,
                        "ids_a_partition",
                        span);
            }
            int count = counts.getOrDefault(parent, 0);
            if (count > examination.limits().partitions()) {
                examination.found(
                        Ailment.PARTITIONS_MANY,
                        Severity.WARNING,
                        "Table " + parent + " has " + count + " partitions.",
                        "Keep history for a shorter time, and see what keeps old partitions from being dropped.",
                        "table",
                        parent,
                        "partitions",
                        (long) count);
            }
        }
    }
}
