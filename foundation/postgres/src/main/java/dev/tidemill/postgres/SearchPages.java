package dev.tidemill.postgres;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.store.Search.Found;
import dev.tidemill.jobs.store.Search.Place;
import dev.tidemill.postgres.PostgresSearch.Terms;
import dev.tidemill.postgres.SearchWalk.Criterion;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One answer of a search: goes along the ways, a page of rows after the other, until it has enough or it is time. */
final class SearchPages {
    /** Rows of a page that says by itself which of them fit. */
    private static final int PAGE = 1_000;
    /** Rows of a page whose jobs need another look each. */
    private static final int CLOSE_PAGE = 200;
    /** Rows of the first page where each row's text is looked through, which may be long. */
    private static final int TEXT_PAGE = 100;
    /** Rows of a page at least, however dear they are. */
    private static final int LEAST_PAGE = 20;
    /** By how much the next page is longer than the first one, which found too little. */
    private static final int GROWTH = 4;

    private static final int MAX_PAYLOAD_BYTES = 4 << 20;
    private static final int JOB = 0;

    private final Connection connection;
    private final Statements statements;
    private final JobViews views;
    private final Terms terms;
    private final int limit;
    private final long untilNanos;
    private final Map<Long, Place> hits = new LinkedHashMap<>();
    private int examined;
    private long lastJob;
    private long began = Long.MAX_VALUE;
    /** Most searches are for the newest of something, and done after as many rows as were asked for. */
    private int nextPage;

    SearchPages(Connection connection, Statements statements, JobViews views, Terms terms, int limit, long untilNanos) {
        this.connection = connection;
        this.statements = statements;
        this.views = views;
        this.terms = terms;
        this.limit = limit;
        this.untilNanos = untilNanos;
        this.nextPage = terms.filter().error() == null ? limit : Math.min(limit, TEXT_PAGE);
    }

    /** Goes along these ways from a place on, or from the beginning. */
    Found find(List<SearchWalk> walks, @Nullable Place from) throws SQLException {
        @Nullable Place at = from != null ? from : new Place(walks.getFirst().code(), start(walks.getFirst()));
        boolean inTime;
        do {
            long pageBegan = System.nanoTime();
            int before = examined;
            at = page(walks, at);
            long now = System.nanoTime();
            inTime = now - untilNanos < 0;
            nextPage = pageFor(Math.min(PAGE, nextPage * GROWTH), examined - before, now - pageBegan, untilNanos - now);
        } while (at != null && hits.size() < limit && inTime);
        return answer(at);
    }

    /** So many rows as the rest of the time is for, by what the last page's took: else the last page is the search's longest. */
    static int pageFor(int most, int rows, long tookNanos, long leftNanos) {
        long rowNanos = Math.max(1, tookNanos / Math.max(1, rows));
        return Math.clamp(leftNanos / rowNanos, Math.min(LEAST_PAGE, most), most);
    }

    private List<Long> start(SearchWalk walk) throws SQLException {
        Instant before = terms.filter().enqueuedBefore();
        return walk == SearchWalk.BODIES && before != null
                ? List.of(firstAfter(micros(before) + terms.slackMicros()))
                : walk.start(terms.queue());
    }

    /**
     * An id from which on all jobs were enqueued then or later. Ids are in the order of time but for the slack, so each
     * job found that is late enough says so for all beyond it, and halving the rest finds a low one.
     */
    private long firstAfter(long micros) throws SQLException {
        long low;
        long high;
        try (PreparedStatement statement = connection.prepareStatement(statements.get("search_range"));
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            low = rows.getLong(1);
            high = rows.getLong(2) + 1;
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("search_probe"))) {
            while (low < high) {
                long middle = low + (high - low) / 2;
                statement.setLong(1, middle);
                try (ResultSet rows = statement.executeQuery()) {
                    if (!rows.next() || rows.getLong(2) >= micros) {
                        high = middle;
                    } else {
                        low = rows.getLong(1) + 1;
                    }
                }
            }
        }
        return high;
    }

    /** Looks at a page from a place on; returns where to go on, null if that was all. */
    private @Nullable Place page(List<SearchWalk> walks, Place from) throws SQLException {
        SearchWalk walk = SearchWalk.ofCode(from.walk(), walks).orElseThrow();
        Set<Criterion> open = walk.open(terms.filter());
        int most = Math.min(open.isEmpty() && walk != SearchWalk.RUNNING ? PAGE : CLOSE_PAGE, nextPage);
        List<long[]> fitting = new ArrayList<>();
        long @Nullable [] last = rows(walk, from.position(), most, fitting);
        boolean full = last != null && last[last.length - 1] == most;
        if (last != null) {
            examined += (int) last[last.length - 1];
            lastJob = last[JOB];
        }
        @Nullable Place cut = take(walk, from, fitting, open);
        if (cut != null) {
            return cut;
        }
        if (last != null && full && !backFarEnough(walk, last)) {
            return place(walk, from, last);
        }
        int next = walks.indexOf(walk) + 1;
        return next < walks.size() ? new Place(walks.get(next).code(), start(walks.get(next))) : null;
    }

    /** Reads the rows that fit; returns the last row, which is null where there is none. */
    private long @Nullable [] rows(SearchWalk walk, List<Long> position, int most, List<long[]> fitting)
            throws SQLException {
        String sql = statements.get("search_asked") + statements.get(walk.statement()) + statements.get("search_page");
        long @Nullable [] last = null;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int next = asked(statement);
            for (int i = 0; i < 4; i++) {
                statement.setLong(next++, i < position.size() ? position.get(i) : 0);
            }
            statement.setInt(next, most);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    last = new long[] {
                        rows.getLong(1),
                        rows.getLong(2),
                        rows.getLong(3),
                        rows.getLong(4),
                        rows.getLong(5),
                        rows.getLong(7)
                    };
                    if (began == Long.MAX_VALUE) {
                        began = last[1];
                    }
                    if (rows.getBoolean(6)) {
                        fitting.add(last);
                    }
                }
            }
        }
        return last;
    }

    /** Takes those that fit in the rest too, up to the limit; returns where it stopped if it did. */
    private @Nullable Place take(SearchWalk walk, Place from, List<long[]> rows, Set<Criterion> open)
            throws SQLException {
        List<Long> jobs = rows.stream().map(row -> row[JOB]).toList();
        Set<Long> kept = new HashSet<>(jobs);
        if (!jobs.isEmpty() && !open.isEmpty()) {
            kept = fitting(jobs);
            JobState state = terms.filter().state();
            if (state != null && open.contains(Criterion.STATE) && !kept.isEmpty()) {
                Map<Long, JobState> states = views.states(connection, kept);
                kept.removeIf(job -> states.get(job) != state);
            }
        }
        for (long[] row : rows) {
            if (kept.contains(row[JOB])
                    && hits.putIfAbsent(row[JOB], place(walk, from, row)) == null
                    && hits.size() == limit) {
                lastJob = row[JOB];
                return place(walk, from, row);
            }
        }
        return null;
    }

    /** Of the attempts that failed a position says where the search began: at its first row, on every page the same. */
    private Place place(SearchWalk walk, Place from, long[] row) {
        List<Long> position = new ArrayList<>();
        for (int i = 0; i < walk.numbers(); i++) {
            position.add(row[1 + i]);
        }
        if (walk == SearchWalk.FAILED || walk == SearchWalk.FAILED_KEPT) {
            long known = from.position().get(2);
            position.set(2, known == Long.MAX_VALUE ? began : known);
        }
        return new Place(walk.code(), position);
    }

    /** Whether whatever comes after this row was enqueued before the time asked for. */
    private boolean backFarEnough(SearchWalk walk, long[] row) {
        Instant from = terms.filter().enqueuedFrom();
        if (from == null) {
            return false;
        }
        return switch (walk) {
            case BODIES, BODIES_KEPT -> row[2] < micros(from) - terms.slackMicros();
            case DEAD -> row[1] < micros(from);
            default -> false;
        };
    }

    private Set<Long> fitting(List<Long> jobs) throws SQLException {
        Set<Long> fitting = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("search_fitting"))) {
            int next = asked(statement);
            statement.setObject(next, jobs.stream().mapToLong(Long::longValue).toArray());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    fitting.add(rows.getLong(1));
                }
            }
        }
        return fitting;
    }

    /** Sets what is asked for; returns the number of the next parameter. */
    private int asked(PreparedStatement statement) throws SQLException {
        JobFilter filter = terms.filter();
        int next = 1;
        statement.setObject(next++, terms.kind(), Types.INTEGER);
        statement.setObject(next++, terms.queue(), Types.INTEGER);
        statement.setObject(next++, terms.key(), Types.BIGINT);
        Instant from = filter.enqueuedFrom();
        Instant before = filter.enqueuedBefore();
        statement.setObject(next++, from == null ? null : micros(from), Types.BIGINT);
        statement.setObject(next++, before == null ? null : micros(before), Types.BIGINT);
        statement.setString(next++, filter.tagName());
        statement.setString(next++, filter.tagValue());
        statement.setString(next++, filter.code());
        statement.setString(next++, filter.error());
        return next;
    }

    private Found answer(@Nullable Place reached) throws SQLException {
        @Nullable Place next = reached;
        List<Long> wanted = new ArrayList<>();
        @Nullable Instant searchedTo = null;
        List<Long> asked = new ArrayList<>(hits.keySet());
        asked.add(lastJob);
        try (PreparedStatement statement = connection.prepareStatement(statements.get("search_sizes"))) {
            statement.setObject(1, asked.stream().mapToLong(Long::longValue).toArray());
            try (ResultSet rows = statement.executeQuery()) {
                long bytes = 0;
                while (rows.next()) {
                    long created = rows.getLong(3);
                    searchedTo = rows.wasNull() ? null : PostgresDesk.instant(created);
                    if (wanted.size() == hits.size()) {
                        break;
                    }
                    bytes += rows.getLong(2);
                    wanted.add(rows.getLong(1));
                    if (bytes >= MAX_PAYLOAD_BYTES && wanted.size() < hits.size()) {
                        next = hits.get(wanted.getLast());
                        break;
                    }
                }
            }
        }
        return new Found(inOrder(wanted), next, examined, next == null ? null : searchedTo);
    }

    /** The jobs in the order found, without those that are not in the state asked for any more. */
    private List<JobView> inOrder(List<Long> wanted) throws SQLException {
        Map<Long, JobView> byId = new HashMap<>();
        JobState state = terms.filter().state();
        for (JobView job : views.listed(connection, wanted)) {
            if (state == null || job.state() == state) {
                byId.put(job.id(), job);
            }
        }
        List<JobView> found = new ArrayList<>();
        for (long id : wanted) {
            JobView job = byId.get(id);
            if (job != null) {
                found.add(job);
            }
        }
        return found;
    }

    private static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }
}
