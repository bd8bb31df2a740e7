package dev.tidemill.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the figures depend on: the machine, the JVM and the database with its settings. */
public final class Conditions {
    private Conditions() {}

    /** Of this machine and a database. */
    public static Map<String, Object> of(Target target) {
        Map<String, Object> conditions = new LinkedHashMap<>();
        conditions.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        conditions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        conditions.put("cores", Runtime.getRuntime().availableProcessors());
        conditions.put("postgresql", target.version() + (target.isEmbedded() ? ", embedded" : ""));
        conditions.put("postgresql_settings", target.settings());
        return conditions;
    }
}
