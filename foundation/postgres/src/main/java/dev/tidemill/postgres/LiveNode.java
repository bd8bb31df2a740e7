package dev.tidemill.postgres;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A node that said lately that it lives, as the database knows it. */
record LiveNode(String name, long epoch, Set<String> kinds, Set<String> queues, long running, boolean drained) {
    private static final long LATELY_MICROS = 10_000_000;

    boolean handles(String kind) {
        return kinds.contains(kind);
    }

    boolean worksOn(String queue) {
        return queues.contains(queue);
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
                        rows.getBoolean(11)));
            }
        });
        return nodes;
    }
}
