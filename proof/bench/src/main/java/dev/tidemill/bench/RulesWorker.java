package dev.tidemill.bench;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Change;
import dev.tidemill.rules.Gather;
import dev.tidemill.rules.Rules;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;

/** A process that reacts to changes for the bench; says "ready", and ends when its input does. */
public final class RulesWorker {
    /** The most rows a second that a backfill may be told to take: it goes as fast as it can. */
    private static final int FASTEST = 100_000;

    private RulesWorker() {}

    /** Arguments: the schema of the rules, and which rule of the bench is to be worked for. */
    public static void main(String[] arguments) throws Exception {
        String url = Objects.requireNonNull(System.getenv(Worker.URL_VARIABLE), Worker.URL_VARIABLE + " is not set");
        try (HikariDataSource pool = Target.pool(url, 16);
                Tidemill mill = Tidemill.on(pool).schema(arguments[0]).start();
                Rules rules = Rules.on(mill)) {
            define(rules, RulesBench.application(arguments[0]), arguments[1]);
            rules.start();
            System.out.println("ready");
            try (BufferedReader commands =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
                for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                    if (line.equals("backfill")) {
                        rules.rule(arguments[1]).backfill(FASTEST);
                        System.out.println("begun");
                    }
                }
            }
        }
    }

    /** One of the bench's rules, in this process. */
    static void define(Rules rules, String application, String rule) {
        switch (rule) {
            // What an effect costs is the handler's: this one does nothing, so that noticing and delivering are
            // measured.
            case "cost" ->
                rules.table(application + ".account_rules")
                        .watching("status")
                        .key("id")
                        .reactInBatches("cost", Gather.atOnce(), (changes, run) -> {});
            case "batch" ->
                rules.table(application + ".event_batch")
                        .watching("id")
                        .key("id")
                        .reactInBatches(
                                "batch",
                                Gather.atOnce(),
                                (changes, run) -> effects(run.connection(), application + ".effect_batch", changes));
            case "single" ->
                rules.table(application + ".event_single")
                        .watching("id")
                        .key("id")
                        .react(
                                "single",
                                (change, run) ->
                                        effects(run.connection(), application + ".effect_single", List.of(change)));
            case "correct" ->
                rules.table(application + ".spelled")
                        .watching("status")
                        .key("id")
                        .reactInBatches(
                                "correct",
                                Gather.atOnce(),
                                (changes, run) -> correct(run.connection(), application + ".spelled", changes));
            default -> throw new IllegalArgumentException("no rule of the bench is named " + rule);
        }
    }

    private static Long[] keys(List<? extends Change<?>> changes) {
        return changes.stream().map(Change::keyAsLong).toArray(Long[]::new);
    }

    private static void effects(Connection connection, String table, List<? extends Change<?>> changes)
            throws SQLException {
        update(connection, "insert into " + table + " (id) select unnest(?)", changes);
    }

    private static void correct(Connection connection, String table, List<? extends Change<?>> changes)
            throws SQLException {
        update(
                connection,
                "update " + table + " set status = 'canceled' where id = any (?) and status <> 'canceled'",
                changes);
    }

    private static void update(Connection connection, String sql, List<? extends Change<?>> changes)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("int8", keys(changes)));
            statement.executeUpdate();
        }
    }

    /** A process that works for one of the bench's rules, and is ready. */
    static Child start(Rig rig, String rule) {
        Child child = Child.launch(
                Child.java(
                        Child.JVM_FLAGS,
                        System.getProperty("java.class.path"),
                        RulesWorker.class.getName(),
                        rig.schema(),
                        rule),
                rig.target().url(),
                ProcessBuilder.Redirect.INHERIT);
        child.await("ready");
        return child;
    }
}
