package dev.tidemill.server.page;

import java.util.EnumMap;
import java.util.Map;

/** The keys that lead to rooms: each of these letters after a g. */
public final class Shortcuts {
    private static final Map<Section, String> LETTERS = letters();

    private Shortcuts() {}

    private static Map<Section, String> letters() {
        Map<Section, String> letters = new EnumMap<>(Section.class);
        letters.put(Section.OVERVIEW, "o");
        letters.put(Section.QUEUES, "q");
        letters.put(Section.JOBS, "j");
        letters.put(Section.SCHEDULES, "s");
        letters.put(Section.DEAD_LETTERS, "d");
        // Their own letters are taken; they watch tables.
        letters.put(Section.RULES, "t");
        letters.put(Section.NODES, "n");
        letters.put(Section.LIMITS, "l");
        letters.put(Section.BREAKERS, "b");
        // Of what fails.
        letters.put(Section.ALARMS, "f");
        letters.put(Section.CACHES, "h");
        letters.put(Section.ENDPOINTS, "e");
        letters.put(Section.RETENTION, "r");
        letters.put(Section.DOCTOR, "c");
        letters.put(Section.AUDIT, "a");
        letters.put(Section.USERS, "u");
        letters.put(Section.KEYS, "k");
        return letters;
    }

    /** The letter of a room; empty if it has none. */
    public static String letter(Section section) {
        return LETTERS.getOrDefault(section, "");
    }
}
