package dev.tidemill.postgres;

import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.TidemillException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A node that said lately that it lives, as the database knows it. */
record LiveNode(
        String name,
        long epoch,
        Set<String> kinds,
        Set<String> queues,
        long running,
        boolean drained,
        List<String> offPeak) {
    private static final long LATELY_MICROS = 10_000_000;

    boolean handles(String kind) {
        return kinds.contains(kind);
    }

    boolean worksOn(String queue) {
        return queues.contains(queue);
    }

    /** Whether it runs off-peak jobs now. A zone that only its process knows keeps nothing closed. */
    boolean offPeakOpen(Instant now) {
        try {
            return offPeak.isEmpty()
                    || offPeak.stream().anyMatch(window -> Window.parse(window).contains(now));
        } catch (TidemillException unknownZone) {
            return true;
        }
    }

    static List<LiveNode> all(Examination examination) throws SQLException {
        List<LiveNode> nodes = new ArrayList<>();
        examination.each("checkup_nodes", rows -> {
            if (rows.getLong(5) <= Math.max(LATELY_MICROS, examination.patienceMicros())) {
                nodes.add(new LiveNode(
                        rows.getString(2),
                        rows.getLong(1),
                        Set.of((String[]) rows.getArray(6).getArray()),
                        Set.of((String[]) rows.getArray(7).getArray()),
                        rows.getLong(8),
                        rows.getBoolean(11),
                        List.of((String[]) rows.getArray(12).getArray())));
            }
        });
        return nodes;
    }
}
