package dev.tidemill.server.tables;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.TidemillException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What ails the server's own tables, for whoever examines the engine's. Looks only. Thread safe. */
public final class ServerCheckup {
    private final ServerTables tables;
    private final Statements sql;

    /** For the tables in a schema, which need not be there. */
    public ServerCheckup(ServerTables tables) {
        this.tables = tables;
        this.sql = tables.statements(ServerCheckup.class, "checkup.sql");
    }

    /**
     * What was found already, and what the server's tables add to it. What cannot be looked at is told as unseen.
     *
     * @param keyed whether whoever asks has a key to seal secrets with
     */
    public Diagnosis after(Diagnosis found, boolean keyed) {
        List<Finding> findings = new ArrayList<>(found.findings());
        List<String> unseen = new ArrayList<>(found.unseen());
        try {
            long plain = plainSecrets();
            if (plain > 0) {
                findings.add(new Finding(
                        Ailment.SECRETS_PLAIN,
                        Severity.INFO,
                        plain + " secrets of endpoints are in the table as they are.",
                        Map.of("secrets", plain),
                        keyed
                                ? "A server without the key wrote them; start a server that has it, which seals them."
                                : "Start the servers with --secret-key-file; see docs/remote-workers.md."));
            }
        } catch (TidemillException refused) {
            unseen.add("secrets of endpoints: " + refused.getMessage());
        }
        return new Diagnosis(found.at(), found.server(), found.schema(), findings, unseen);
    }

    private long plainSecrets() {
        return tables.call(connection -> {
            boolean there =
                    sql.first(connection, "there", row -> row.getBoolean(1)).orElse(false);
            return there ? sql.first(connection, "plain", row -> row.getLong(1)).orElse(0L) : 0L;
        });
    }
}
