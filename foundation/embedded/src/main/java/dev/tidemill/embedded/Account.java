package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The user that PostgreSQL runs as: the one that runs us, but for root, as which PostgreSQL refuses to run.
 *
 * <p>As root on Linux there are two ways, and the first that works is taken. A user namespace of its own
 * ({@code unshare -U}) in which root is nobody: files keep their owner and no other account is involved. Where the
 * kernel or a container forbids that, the account "nobody" ({@code setpriv}), which must then own the data folder and be
 * able to reach it.
 *
 * @param prefix what goes before every command
 * @param ownerId the user id that must own the data folder, or -1 where it does not matter
 */
record Account(List<String> prefix, int ownerId) {
    private static final int ROOT = 0;
    private static final int NOBODY = 65534;

    static final Account OURSELVES = new Account(List.of(), -1);
    static final Account ROOT_IN_A_NAMESPACE = new Account(List.of("unshare", "-U"), ROOT);
    static final Account NOBODY_BY_SETPRIV =
            new Account(List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"), NOBODY);

    Account {
        prefix = List.copyOf(prefix);
    }

    /** The account for this process, the preferred one of those that work here. */
    static Account current() {
        List<Account> usable = usable();
        if (usable.isEmpty()) {
            throw new EmbeddedPostgresException(
                    Problem.DID_NOT_START,
                    "This program runs as root, PostgreSQL refuses to, and neither 'unshare -U' nor 'setpriv' (both from"
                            + " util-linux) works here. Run it as another user, or install util-linux.");
        }
        return usable.getFirst();
    }

    /** Every account that works here, the preferred one first. */
    static List<Account> usable() {
        return weAreRoot()
                ? Stream.of(ROOT_IN_A_NAMESPACE, NOBODY_BY_SETPRIV)
                        .filter(Account::works)
                        .toList()
                : List.of(OURSELVES);
    }

    static boolean weAreRoot() {
        try {
            Path self = Path.of("/proc/self");
            return Files.exists(self)
                    ? ROOT == (int) Files.getAttribute(self, "unix:uid")
                    : System.getProperty("user.name", "").equals("root");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean works() {
        try {
            return Command.run(command("true"), Path.of(".")).exitCode() == 0;
        } catch (IOException notInstalled) {
            return false;
        }
    }

    /** The command as it must be started to run as this account. */
    List<String> command(String... words) {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(words));
        return command;
    }

    /** Makes this account the owner of a folder and everything below it, if it is not yet. */
    void own(Path folder) throws IOException {
        if (ownerId < 0) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder, 2)) {
            if (all.allMatch(this::owns)) {
                return;
            }
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Files.setAttribute(path, "unix:uid", ownerId, LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** Whether this account can enter the folder, which it owns. */
    boolean canReach(Path folder) throws IOException {
        return ownerId <= ROOT
                || Command.run(command("test", "-x", folder.toString()), folder).exitCode() == 0;
    }

    private boolean owns(Path path) {
        try {
            return ownerId == (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
