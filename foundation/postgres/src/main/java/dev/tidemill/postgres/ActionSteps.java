package dev.tidemill.postgres;

import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Actions.Order;
import dev.tidemill.jobs.store.Actions.Progress;
import dev.tidemill.jobs.store.Actions.Step;
import dev.tidemill.jobs.store.Hint;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The steps of an action over many jobs: a page of a table each, by its key, so that none is looked at twice and none
 * holds locks for long. What waits is gone through in the order in which jobs move on (scheduled, ready, set aside at a
 * limit), so that one that moves meanwhile is still met.
 */
final class ActionSteps {
    private static final int PAGE = 1_000;
    private static final int SCHEDULED = 1;
    private static final int READY = 2;
    private static final int PARKED = 3;
    private static final int DEAD = 4;

    private static final int COUNT = 0;
    private static final int CANCEL = 1;
    private static final int MOVE = 2;
    private static final int REPLAY = 3;
    private static final int DISCARD = 4;

    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;

    ActionSteps(Statements statements, NameIds kinds, NameIds queues) {
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
    }

    Step step(Connection connection, Order order, @Nullable Progress from, int most, boolean dryRun)
            throws SQLException {
        @Nullable
        Long due = order.action() instanceof JobAction.Reschedule reschedule
                ? PostgresActions.due(connection, statements, reschedule.at())
                : null;
        List<Integer> places = places(order, due);
        if (places.isEmpty()) {
            return new Step(0, List.of(), new Progress(0, List.of(), 0, 0), true);
        }
        Progress at = from != null ? from : new Progress(places.getFirst(), start(places.getFirst(), order), 0, 0);
        Page page = at.place() == DEAD
                ? dead(connection, order, at.position(), most, dryRun)
                : waiting(connection, order, due, at, most, dryRun);
        long count = at.count() + (dryRun ? page.fitting : page.done);
        long line = dryRun || page.done == 0 ? at.line() : note(connection, order, due, at.line(), count);
        // A page that was full to the bound is not through: the caller may go on with what is left of it.
        boolean cut = page.fitting == most && most < PAGE;
        if (cut) {
            return new Step(page.fitting, page.hints, new Progress(at.place(), at.position(), line, count), false);
        }
        if (page.seen == PAGE) {
            return new Step(page.fitting, page.hints, new Progress(at.place(), page.upto, line, count), false);
        }
        int next = places.indexOf(at.place()) + 1;
        boolean through = next >= places.size();
        int place = through ? at.place() : places.get(next);
        return new Step(
                page.fitting,
                page.hints,
                new Progress(place, through ? at.position() : start(place, order), line, count),
                through);
    }

    /** The tables to look at, in the order in which jobs move on. */
    private static List<Integer> places(Order order, @Nullable Long due) {
        JobFilter filter = order.filter();
        JobState state = filter.state();
        if (order.action().forDeadLetters()) {
            return state == null || state == JobState.DEAD ? List.of(DEAD) : List.of();
        }
        if (state == JobState.DEAD || filter.code() != null) {
            return List.of();
        }
        // What is ready already can not become so.
        boolean ready = state != JobState.SCHEDULED && (due == null || due > 0);
        List<Integer> places = new ArrayList<>();
        if (state != JobState.READY) {
            places.add(SCHEDULED);
        }
        if (ready) {
            places.add(READY);
            places.add(PARKED);
        }
        return places;
    }

    private List<Long> start(int place, Order order) {
        String queue = order.filter().queue();
        return switch (place) {
            case READY -> List.of(queue == null ? 0L : queues.id(queue), -1L, Long.MIN_VALUE, Long.MIN_VALUE);
            case DEAD -> List.of(Long.MAX_VALUE, Long.MAX_VALUE);
            default -> List.of(0L);
        };
    }

    private record Page(int seen, int fitting, int done, List<Long> upto, List<Hint> hints) {}

    private Page waiting(Connection connection, Order order, @Nullable Long due, Progress at, int most, boolean dryRun)
            throws SQLException {
        JobFilter filter = order.filter();
        Priority priority = order.action() instanceof JobAction.Prioritize prioritize ? prioritize.priority() : null;
        try (PreparedStatement statement = connection.prepareStatement(statements.get("act_on_waiting"))) {
            statement.setInt(1, at.place());
            statement.setObject(2, longs(at.position()));
            statement.setInt(3, PAGE);
            statement.setInt(4, Math.min(most, PAGE));
            int next = filter(connection, statement, 5, filter);
            statement.setInt(next++, dryRun ? COUNT : code(order.action()));
            statement.setObject(next++, due, Types.BIGINT);
            statement.setObject(next++, priority == null ? null : priority.code(), Types.SMALLINT);
            statement.setObject(next++, Lanes.deadlines(order.priorities()));
            statement.setString(next, order.by());
            return page(statement);
        }
    }

    private Page dead(Connection connection, Order order, List<Long> position, int most, boolean dryRun)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("act_on_dead"))) {
            statement.setObject(1, longs(position));
            statement.setInt(2, PAGE);
            statement.setInt(3, Math.min(most, PAGE));
            int next = filter(connection, statement, 4, order.filter());
            statement.setString(next++, order.filter().code());
            statement.setInt(next++, dryRun ? COUNT : code(order.action()));
            statement.setObject(next, Lanes.deadlines(order.priorities()));
            return page(statement);
        }
    }

    /** Sets kind, queue, key, tag and times; returns the number of the next parameter. */
    private int filter(Connection connection, PreparedStatement statement, int from, JobFilter filter)
            throws SQLException {
        int next = from;
        String kind = filter.kind();
        String queue = filter.queue();
        String key = filter.key();
        statement.setObject(next++, kind == null ? null : kinds.id(kind), Types.INTEGER);
        statement.setObject(next++, queue == null ? null : queues.id(queue), Types.INTEGER);
        statement.setObject(next++, key == null ? null : keyNumber(connection, key), Types.BIGINT);
        statement.setString(next++, filter.tagName());
        statement.setString(next++, filter.tagValue());
        statement.setObject(next++, micros(filter.enqueuedFrom()), Types.BIGINT);
        statement.setObject(next++, micros(filter.enqueuedBefore()), Types.BIGINT);
        return next;
    }

    private static @Nullable Long micros(@Nullable Instant time) {
        return time == null ? null : ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    private long keyNumber(Connection connection, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("key_number"))) {
            statement.setString(1, key);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private static int code(JobAction action) {
        return switch (action) {
            case JobAction.Cancel ignored -> CANCEL;
            case JobAction.Reschedule ignored -> MOVE;
            case JobAction.Prioritize ignored -> MOVE;
            case JobAction.Replay ignored -> REPLAY;
            case JobAction.Discard ignored -> DISCARD;
        };
    }

    private Page page(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            List<Hint> hints = new ArrayList<>();
            @Nullable Array lanes = rows.getArray(5);
            if (lanes != null) {
                Number[] queueIds = (Number[]) lanes.getArray();
                Number[] priorities = (Number[]) rows.getArray(6).getArray();
                Number[] startBys = (Number[]) rows.getArray(7).getArray();
                Number[] dues = (Number[]) rows.getArray(8).getArray();
                for (int i = 0; i < queueIds.length; i++) {
                    hints.add(new Hint(
                            queues.name(queueIds[i].intValue()),
                            Priority.ofCode(priorities[i].intValue()),
                            startBys[i].longValue(),
                            dues[i].longValue()));
                }
            }
            int seen = rows.getInt(1);
            @Nullable Array upto = rows.getArray(4);
            return new Page(
                    seen,
                    rows.getInt(2),
                    rows.getInt(3),
                    seen == 0 || upto == null ? List.of() : Arrays.asList((Long[]) upto.getArray()),
                    hints);
        }
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    /** The first transaction that did something writes the line, the others count on in it. */
    private long note(Connection connection, Order order, @Nullable Long due, long line, long count)
            throws SQLException {
        String detail = count + (count == 1 ? " job" : " jobs") + PostgresActions.described(order.action(), due);
        if (line != 0) {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("note_all_again"))) {
                Parameters.set(statement, detail, line);
                statement.executeUpdate();
                return line;
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("note_all"))) {
            Parameters.set(
                    statement, order.by(), order.action().verb() + " all", ("JOBS " + order.filter()).strip(), detail);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }
}
