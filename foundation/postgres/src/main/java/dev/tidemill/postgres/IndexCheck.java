package dev.tidemill.postgres;

import static dev.tidemill.postgres.Examination.size;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Severity;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the indexes that the migrations make are there and valid. What they make is read from the migrations
 * themselves, so that a later file needs no second list, and its statement is the remedy.
 */
final class IndexCheck {
    private static final Pattern TABLE =
            Pattern.compile("(?ms)^create table (?:if not exists )?\\{schema}\\.(\\w+) \\((.*?)^\\)");
    private static final Pattern KEY_LINE = Pattern.compile("(?m)^\\s*primary key \\(([^)]*)\\)");
    private static final Pattern KEY_COLUMN = Pattern.compile("(?m)^\\s*(\\w+) [^\\n]*\\bprimary key");
    private static final Pattern INDEX =
            Pattern.compile("(?ms)^create (?:unique )?index (?:if not exists )?(\\w+) on \\{schema}\\.(\\w+)[^;]*;");
    private static final Pattern DROPPED =
            Pattern.compile("(?m)^drop (?:index|table) (?:if exists )?\\{schema}\\.(\\w+)");

    private final Map<String, String> keyOfTable = new LinkedHashMap<>();
    private final Map<String, String> statementOfIndex = new LinkedHashMap<>();

    IndexCheck() {
        for (String file : Migrations.texts()) {
            for (Matcher table = TABLE.matcher(file); table.find(); ) {
                key(table.group(2), table.group(1));
            }
            for (Matcher index = INDEX.matcher(file); index.find(); ) {
                statementOfIndex.put(index.group(1), index.group().replaceAll("\\s+", " "));
            }
            for (Matcher dropped = DROPPED.matcher(file); dropped.find(); ) {
                statementOfIndex.remove(dropped.group(1));
                keyOfTable.remove(dropped.group(1));
            }
        }
    }

    private void key(String columns, String table) {
        Matcher line = KEY_LINE.matcher(columns);
        Matcher column = KEY_COLUMN.matcher(columns);
        if (line.find()) {
            keyOfTable.put(table, line.group(1));
        } else if (column.find()) {
            keyOfTable.put(table, column.group(1));
        }
    }

    /** How many indexes and keys are looked for. */
    int expected() {
        return keyOfTable.size() + statementOfIndex.size();
    }

    void look(Examination examination) throws SQLException {
        Set<String> there = new HashSet<>();
        Set<String> keyed = new HashSet<>();
        examination.each("checkup_indexes", rows -> {
            String index = rows.getString(1);
            String table = rows.getString(2);
            String name = examination.schema() + "." + index;
            there.add(index);
            if (rows.getBoolean(5)) {
                keyed.add(table);
            }
            if (!rows.getBoolean(3)) {
                examination.found(
                        Ailment.INVALID_INDEX,
                        Severity.WARNING,
                        "Index " + index + " on table " + table + " is not valid.",
                        rows.getBoolean(6)
                                ? "A partition lacks its part: create it there, and alter index " + name
                                        + " attach partition .."
                                : "reindex index concurrently " + name + "; or, if a failed attempt left it: drop index"
                                        + " concurrently " + name + ";",
                        "index",
                        index,
                        "table",
                        table);
            } else if (rows.getLong(7) == 0
                    && !rows.getBoolean(4)
                    && !rows.getBoolean(6)
                    && rows.getLong(8) > examination.limits().unusedIndexBytes()) {
                boolean ours = rows.getBoolean(9) || statementOfIndex.containsKey(index);
                examination.found(
                        Ailment.UNUSED_INDEX,
                        Severity.INFO,
                        "Index " + index + " on table " + table + " takes " + size(rows.getLong(8))
                                + " and was not used since the server's counts began.",
                        ours
                                ? "It is Tidemill's own; leave it, the question it is for may yet be asked."
                                : "drop index concurrently " + name + ";",
                        "index",
                        index,
                        "table",
                        table,
                        "bytes",
                        rows.getLong(8),
                        "own",
                        ours);
            }
        });
        keyOfTable.forEach((table, columns) -> {
            if (!keyed.contains(table)) {
                missing(
                        examination,
                        "The primary key of table " + table,
                        "alter table " + examination.schema() + "." + table + " add primary key (" + columns + ");",
                        table);
            }
        });
        statementOfIndex.forEach((index, statement) -> {
            if (!there.contains(index)) {
                missing(examination, "Index " + index, statement.replace("{schema}", examination.schema()), index);
            }
        });
    }

    private static void missing(Examination examination, String what, String remedy, String name) {
        examination.found(Ailment.MISSING_INDEX, Severity.CRITICAL, what + " is not there.", remedy, "missing", name);
    }
}
