package dev.tidemill.rules.capture;

import java.sql.SQLException;
import java.util.List;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the database says of SQL that an application gave a rule. */
public final class Misread {
    /** What it does not do, values that make no sense, and what it does not understand or find. */
    private static final List<String> CLASSES = List.of("0A", "22", "42");

    private Misread() {}

    /**
     * Its words, without the place in a text that the application never saw.
     *
     * @throws SQLException what was given, if that is no fault of the text: a lock that is held, a connection that broke
     */
    public static String words(SQLException failed) throws SQLException {
        String state = String.valueOf(failed.getSQLState());
        if (CLASSES.stream().noneMatch(state::startsWith)) {
            throw failed;
        }
        ServerErrorMessage said = failed instanceof PSQLException told ? told.getServerErrorMessage() : null;
        return String.valueOf(said == null ? failed.getMessage() : said.getMessage());
    }
}
