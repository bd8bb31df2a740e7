package dev.tidemill.server.page;

import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Permission;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the layout around a page needs to know.
 *
 * @param section which room the page is in; null for none
 * @param title the page's heading
 * @param assets the files that pages refer to
 * @param caller who looks at it
 * @param flash what was just done; null for nothing
 * @param locked whether people log in here
 * @param deadLetters how many wait for a person, exact up to 10,000
 */
public record Frame(
        @Nullable Section section,
        String title,
        Assets assets,
        Caller caller,
        @Nullable Flash flash,
        boolean locked,
        long deadLetters) {

    /** The rooms of a group. */
    public List<Section> sections(Section.Group group) {
        return Arrays.stream(Section.values())
                .filter(one -> one.group() == group)
                .filter(one -> one.group() != Section.Group.ACCESS || administers())
                .toList();
    }

    /** Whether whoever looks may change things. */
    public boolean operates() {
        return caller.may(Permission.OPERATE);
    }

    /** Whether whoever looks may enqueue jobs. */
    public boolean enqueues() {
        return caller.may(Permission.ENQUEUE);
    }

    /** Whether whoever looks may change who may do what, and how long history stays. */
    public boolean administers() {
        return caller.may(Permission.ADMIN);
    }

    /** What the navigation says beside a room; empty for nothing. */
    public String badge(Section of) {
        if (of != Section.DEAD_LETTERS || deadLetters == 0) {
            return "";
        }
        return deadLetters >= 10_000 ? "10k+" : Format.count(deadLetters);
    }
}
