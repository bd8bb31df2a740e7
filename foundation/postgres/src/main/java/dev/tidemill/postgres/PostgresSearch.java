package dev.tidemill.postgres;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.store.Search;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Finds jobs, in a read-only transaction that the server would end after five seconds. What an answer costs is bounded
 * by time, not by a number of rows: rows cost less where they are in memory and narrow, and more where each asks for
 * another look. A page of rows is bounded, so the bound is passed by one page at most.
 */
final class PostgresSearch implements Search {
    /** How long a search looks before it hands out what it has. */
    static final Duration LOOK = Duration.ofMillis(50);

    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final String GIVE_UP = "5s";
    /** They go one after the other, each for as long as it may look. */
    private static final int SEARCHES_AT_ONCE = 8;

    private final DataSource dataSource;
    private final Statements statements;
    private final JobViews views;
    private final Duration look;
    private final Together<Sought, Found> together = new Together<>(4, SEARCHES_AT_ONCE, this::find);

    PostgresSearch(DataSource dataSource, Statements statements) {
        this(dataSource, statements, LOOK);
    }

    /** One that looks for as long as this. */
    PostgresSearch(DataSource dataSource, Statements statements, Duration look) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.views = new JobViews(statements);
        this.look = look;
    }

    @Override
    public Found find(JobFilter filter, @Nullable Place from, int limit) {
        if (from != null) {
            check(from, SearchWalk.of(filter));
        }
        return together.ask(new Sought(filter, from, limit));
    }

    /** A search; who looks for the same at the same time is answered by one. */
    private record Sought(JobFilter filter, @Nullable Place from, int limit) {}

    private List<Found> find(List<Sought> asked) {
        Map<Sought, Found> found = new HashMap<>();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            for (Sought sought : asked) {
                if (!found.containsKey(sought)) {
                    found.put(sought, session.transaction(connection -> find(connection, sought)));
                }
            }
        }
        return asked.stream()
                .map(sought -> Objects.requireNonNull(found.get(sought)))
                .toList();
    }

    private Found find(Connection connection, Sought sought) throws SQLException {
        try (PreparedStatement settings = connection.prepareStatement(statements.get("search_settings"))) {
            settings.setString(1, GIVE_UP);
            settings.execute();
        }
        @Nullable Terms terms = terms(connection, sought.filter());
        if (terms == null) {
            return new Found(List.of(), null, 0, null);
        }
        long until = System.nanoTime() + look.toNanos();
        return new SearchPages(connection, statements, views, terms, sought.limit(), until)
                .find(SearchWalk.of(sought.filter()), sought.from());
    }

    /** A position goes into statements, so what did not come from here is refused before it can overflow there. */
    private static void check(Place from, List<SearchWalk> walks) {
        List<Long> position = from.position();
        boolean known = SearchWalk.ofCode(from.walk(), walks)
                .filter(walk -> position.size() == walk.numbers())
                .filter(walk -> walk != SearchWalk.READY
                        || (position.get(0) == position.get(0).intValue()
                                && position.get(1) == position.get(1).shortValue()))
                .isPresent();
        if (!known) {
            throw new StoreException(
                    ErrorCode.INVALID_OPTION,
                    "The cursor is none that a search gave out; leave it out to begin.",
                    false,
                    null);
        }
    }

    /**
     * A filter in the numbers of the tables.
     *
     * @param slackMicros by how much jobs with higher ids may have been enqueued earlier than others
     */
    record Terms(
            JobFilter filter,
            @Nullable Integer kind,
            @Nullable Integer queue,
            @Nullable Long key,
            long slackMicros) {}

    /** Null if nothing can fit: there is no kind or queue of that name. */
    private @Nullable Terms terms(Connection connection, JobFilter filter) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("search_names"))) {
            statement.setString(1, filter.kind());
            statement.setString(2, filter.queue());
            statement.setString(3, filter.key());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                Integer kind = rows.getObject(1, Integer.class);
                Integer queue = rows.getObject(2, Integer.class);
                Long key = rows.getObject(3, Long.class);
                // Ids come in blocks that may be used for so long; a minute is for the way from there to the row.
                long slack = rows.getLong(4) + 60_000_000;
                return (filter.kind() != null && kind == null) || (filter.queue() != null && queue == null)
                        ? null
                        : new Terms(filter, kind, queue, key, slack);
            }
        }
    }
}
