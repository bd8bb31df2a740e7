package dev.tidemill.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done for one key: its changes in the order in which they were written, taken together by row. Rows of a key
 * are told apart, because the old value of one and the new value of another say nothing together.
 */
final class KeyChanges {
    private final String key;
    private final List<RawChange> written = new ArrayList<>();

    private KeyChanges(String key) {
        this.key = key;
    }

    /** Why a row has to be read as it is now. */
    enum Reading {
        /** It has not: what became of it is known. */
        NONE,
        /** It was only looked at. */
        LOOKED_AT,
        /** It was looked at, and changed. */
        CHANGED,
        /** Of one change only the key was kept. */
        KEY_ONLY
    }

    /**
     * The changes of a row, taken together. What was changed back is told all the same: a reaction to another row of the key
     * may have run in between, and have seen what is not so any more.
     *
     * @param old before the first, or before the last if it was only there in between; null if it was not there, or is not known
     * @param now after the last; null if it is gone, or has to be read
     * @param reading whether the row has to be read as it is now, and why
     */
    record Merged(
            String key,
            @Nullable String rowId,
            @Nullable String old,
            @Nullable String now,
            Reading reading,
            int count) {
        /** A row of the table, whether it changed or not. */
        static Merged asItIs(String key, @Nullable String rowId) {
            return new Merged(key, rowId, null, null, Reading.LOOKED_AT, 1);
        }

        /** A key of which no more is known. */
        static Merged ofKey(String key) {
            return new Merged(key, null, null, null, Reading.KEY_ONLY, 1);
        }

        /** What it is remembered by. */
        String name() {
            return rowId == null ? key : rowId;
        }

        boolean read() {
            return reading != Reading.NONE;
        }

        boolean isDelete() {
            return reading == Reading.NONE && now == null;
        }
    }

    /** Changes by key, in the order in which the keys were written first. */
    static List<KeyChanges> of(List<RawChange> changes) {
        Map<String, KeyChanges> keys = new LinkedHashMap<>();
        for (RawChange change : changes) {
            keys.computeIfAbsent(change.key(), KeyChanges::new).written.add(change);
        }
        return List.copyOf(keys.values());
    }

    String key() {
        return key;
    }

    List<RawChange> written() {
        return written;
    }

    List<Long> ids() {
        return written.stream().map(RawChange::id).toList();
    }

    /** The longest chain of rules that led here; empty if none did. */
    String chain() {
        String longest = "";
        int depth = 0;
        for (RawChange change : written) {
            if (change.depth() > depth && change.origin() != null) {
                depth = change.depth();
                longest = change.origin();
            }
        }
        return longest;
    }

    int depth() {
        return written.stream().mapToInt(RawChange::depth).max().orElse(0);
    }

    /** By row, the one that changed last at the end, as if each change had been told by itself. */
    List<Merged> merged() {
        Map<String, List<RawChange>> rows = new LinkedHashMap<>();
        for (RawChange change : written) {
            rows.computeIfAbsent(change.rowId() == null ? "" : change.rowId(), row -> new ArrayList<>())
                    .add(change);
        }
        return rows.values().stream()
                .sorted(Comparator.comparingLong(row -> row.getLast().id()))
                .map(this::merge)
                .toList();
    }

    private Merged merge(List<RawChange> row) {
        RawChange first = row.getFirst();
        RawChange last = row.getLast();
        Reading reading = reading(row);
        boolean read = reading != Reading.NONE;
        boolean cameAndWent = first.old() == null && last.now() == null;
        String old = cameAndWent ? last.old() : first.old();
        return new Merged(key, first.rowId(), read ? null : old, read ? null : last.now(), reading, row.size());
    }

    private static Reading reading(List<RawChange> row) {
        if (row.getLast().op() == 'd') {
            // It is known how it was, and there is nothing left to read.
            return Reading.NONE;
        }
        if (row.stream().anyMatch(change -> change.op() == 'k')) {
            return Reading.KEY_ONLY;
        }
        if (row.stream().allMatch(change -> change.op() == 'c')) {
            return Reading.LOOKED_AT;
        }
        return row.stream().anyMatch(change -> change.op() == 'c') ? Reading.CHANGED : Reading.NONE;
    }
}
