package dev.tidemill.rules;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Tidemill;
import java.sql.Connection;
import org.jspecify.annotations.Nullable;

/**
 * A reaction under way.
 *
 * @param shown the connection as the reaction sees it; null where it works outside
 */
record RunOf(
        Tidemill mill,
        String rule,
        RuleMode mode,
        int attempt,
        @Nullable Connection shown) implements RuleRun {
    @Override
    public Connection connection() {
        Connection connection = shown;
        if (connection == null) {
            throw new RuleException(
                    RuleError.OUTSIDE,
                    "The rule '" + rule
                            + "' works outside the database and has no transaction of its own; take a connection"
                            + " from your data source, or define it without outside().");
        }
        return connection;
    }

    @Override
    public long enqueue(Object job) {
        return enqueue(job, EnqueueOptions.NONE);
    }

    @Override
    public long enqueue(Object job, EnqueueOptions options) {
        return mill.enqueue(connection(), job, options);
    }
}
