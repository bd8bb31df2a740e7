package dev.tidemill.rules;

import dev.tidemill.jobs.Tidemill;
import java.io.OutputStream;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import org.postgresql.ds.PGSimpleDataSource;

/** A process with a rule that stands still between its effect and the commit for as long as it is told. */
final class WorkerProcess {
    private WorkerProcess() {}

    public static void main(String[] arguments) throws Exception {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(arguments[0]);
        source.setUser(arguments[1]);
        source.setPassword(System.getenv("NODE_PASSWORD"));
        String schema = arguments[2];
        double seconds = Double.parseDouble(arguments[3]);
        try (Tidemill mill = Tidemill.on(source)
                        .schema(schema)
                        .heartbeat(Duration.ofMillis(200), Duration.ofSeconds(20))
                        .start();
                Rules rules = Rules.on(mill)) {
            define(rules, schema, seconds);
            rules.start();
            System.out.println("ready");
            // Until it is killed, or whoever started it is gone.
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** Each subscription is to be in the table of what was seen once. */
    static void define(Rules rules, String schema, double seconds) {
        rules.table(schema + ".sub").watching("status").key("id").onInsert().react("once", (change, run) -> {
            try (PreparedStatement insert =
                    run.connection().prepareStatement("insert into " + schema + ".seen (key, what) values (?, ?)")) {
                insert.setString(1, change.key());
                insert.setString(2, String.valueOf(run.mode()));
                insert.executeUpdate();
            }
            if (seconds > 0) {
                System.out.println("effect " + change.key());
                try (Statement wait = run.connection().createStatement()) {
                    wait.execute("select pg_sleep(" + seconds + ")");
                }
            }
        });
    }
}
