package dev.tidemill.embedded;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The settings that the server starts with, as a file that {@code postgresql.conf} includes last.
 *
 * <p>Nothing here trades safety for speed: what is committed survives a crash of the process and of the machine. The
 * tuning is for a server that shares a small machine with its application: a quarter of a gigabyte of buffers, and
 * checkpoints by the quarter of an hour instead of by the gigabyte, which saves full-page images in the log at the price
 * of up to 4 GB of it on disk and of a longer recovery after a crash. Times are UTC.
 */
final class Settings {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)?");
    private static final Set<String> OURS = Set.of(
            "port", "listen_addresses", "unix_socket_directories", "data_directory", "hba_file", "external_pid_file");

    private final Map<String, String> values = new LinkedHashMap<>();

    Settings() {
        values.put("fsync", "on");
        values.put("full_page_writes", "on");
        values.put("synchronous_commit", "on");
        values.put("shared_buffers", "256MB");
        values.put("max_wal_size", "4GB");
        values.put("min_wal_size", "256MB");
        values.put("checkpoint_timeout", "15min");
        values.put("random_page_cost", "1.1");
        values.put("jit", "off");
        values.put("timezone", "UTC");
        values.put("log_timezone", "UTC");
    }

    /** Adds one, or replaces the value of one. */
    void put(String name, String value) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("The setting '" + name
                    + "' is not a name of PostgreSQL's: letters, digits and _, such as work_mem.");
        }
        if (OURS.contains(name.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException(
                    "The setting '" + name + "' belongs to the embedded server: it listens on 127.0.0.1 only, on the"
                            + " builder's port(..), and keeps its files in dataFolder(..).");
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("The value of the setting '" + name
                    + "' holds a line break or another control character: " + "give it as one line of text.");
        }
        values.put(name, value);
    }

    /** The file's text. */
    String render(int port) {
        StringBuilder text = new StringBuilder("# Written at every start; put your own settings on the builder.\n");
        line(text, "listen_addresses", "127.0.0.1");
        line(text, "port", Integer.toString(port));
        line(text, "unix_socket_directories", "");
        values.forEach((name, value) -> line(text, name, value));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(name)
                .append(" = '")
                .append(value.replace("\\", "\\\\").replace("'", "''"))
                .append("'\n");
    }
}
