package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.LeaseView;
import dev.tidemill.jobs.Leases;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.LeaseBook;
import dev.tidemill.jobs.store.LeaseBook.Done;
import java.util.List;
import java.util.function.Consumer;

/** What nodes hold as people see it: checked, and whoever can run what was set free is woken. */
record Custody(LeaseBook book, Consumer<List<Hint>> committed) implements Leases {
    private static final int LONGEST_BY = 100;
    private static final int LONGEST_TEXT = 500;

    @Override
    public List<LeaseView> list() {
        return Engine.translated(book::list);
    }

    @Override
    public List<Revoked> revoke(String node, String by, String reason) {
        Steering.checkText("The node's name", node, 1, LONGEST_TEXT);
        Steering.checkText("The name of who asks", by, 1, LONGEST_BY);
        Steering.checkText("The reason", reason, 0, LONGEST_TEXT);
        Done done = Engine.translated(() -> book.revoke(node, by, reason));
        if (done.epochs().isEmpty()) {
            throw new TidemillException(
                    ErrorCode.NOT_FOUND,
                    "No node of the name or epoch '" + node
                            + "' lives or holds anything; the leases list those that do.");
        }
        committed.accept(done.hints());
        return done.epochs();
    }
}
