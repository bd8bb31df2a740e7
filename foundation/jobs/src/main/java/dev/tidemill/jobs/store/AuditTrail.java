package dev.tidemill.jobs.store;

import dev.tidemill.jobs.AuditLine;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who changed what. Thread safe. */
public interface AuditTrail {
    /**
     * The newest lines with ids below {@code before}, newest first.
     *
     * @param action only lines of this action; null for all
     * @param target only lines about this; null for all
     */
    List<AuditLine> lines(long before, int limit, @Nullable String action, @Nullable String target);
}
