package dev.tidemill.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What PostgreSQL's main process says of itself in {@code postmaster.pid}, line by line as it starts.
 *
 * @param pid its process id
 * @param port where it listens, 0 while it has not said so yet
 * @param ready whether it accepts connections
 * @param cluster the folder that it serves, {@code PGDATA}
 */
record Postmaster(long pid, int port, boolean ready, Path cluster) {
    private static final int PORT_LINE = 3;
    private static final int STATUS_LINE = 7;

    /** Reads the file; empty where there is none, or where it was not written far enough to hold a process id. */
    static Optional<Postmaster> read(Path cluster) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file(cluster));
        } catch (NoSuchFileException notRunning) {
            return Optional.empty();
        }
        if (lines.isEmpty() || lines.getFirst().isBlank()) {
            return Optional.empty();
        }
        try {
            long pid = Math.abs(Long.parseLong(lines.getFirst().strip()));
            int port = lines.size() > PORT_LINE
                    ? Integer.parseInt(lines.get(PORT_LINE).strip())
                    : 0;
            boolean ready =
                    lines.size() > STATUS_LINE && lines.get(STATUS_LINE).strip().equals("ready");
            return Optional.of(new Postmaster(pid, port, ready, cluster));
        } catch (NumberFormatException halfWritten) {
            return Optional.empty();
        }
    }

    static Path file(Path cluster) {
        return cluster.resolve("postmaster.pid");
    }

    /**
     * Whether that process still runs and is a PostgreSQL of this folder. A process id alone proves neither: it may have
     * been given to another program since, and in a container whose first process does not collect orphans a dead one
     * keeps its id as a zombie.
     */
    boolean isAlive() throws IOException {
        Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
        return process.isPresent() && !hasEnded(process.get()) && servesCluster(process.get());
    }

    private boolean servesCluster(ProcessHandle process) throws IOException {
        Path workingFolder = Path.of("/proc", Long.toString(pid), "cwd");
        if (Files.isSymbolicLink(workingFolder)) {
            try {
                return Files.readSymbolicLink(workingFolder).equals(cluster.toRealPath());
            } catch (IOException goneOrNotOurs) {
                return Files.exists(workingFolder.getParent()) && isNamedPostgres(process);
            }
        }
        return isNamedPostgres(process);
    }

    private static boolean isNamedPostgres(ProcessHandle process) {
        String command = process.info().command().orElse("");
        return command.endsWith("postgres") || command.endsWith("postgres.exe");
    }

    /** Whether the process is gone, or only its entry in the table of processes is left, which Java calls alive. */
    static boolean hasEnded(ProcessHandle process) {
        if (!process.isAlive()) {
            return true;
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            char state = stat.charAt(stat.lastIndexOf(')') + 2);
            return state == 'Z' || state == 'X';
        } catch (IOException noSuchFile) {
            return !process.isAlive();
        }
    }
}
