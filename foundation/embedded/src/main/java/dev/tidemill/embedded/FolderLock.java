package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One process's hold on a data folder. The operating system lets go of it when the process ends, however it ends, so
 * there is no stale lock to clean up.
 *
 * <p>Two layers, because a file lock belongs to the whole process: closing any channel on the file would give it up, so
 * a second start in the same process is turned away by {@link #HELD_HERE} before it opens the file. The locked byte lies
 * far behind the text, because on Windows a locked region cannot be read by others, and they want to read the holder.
 */
final class FolderLock implements AutoCloseable {
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();
    private static final long LOCKED_BYTE = 1L << 40;
    private static final String FILE = "lock";

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /** Takes the folder, which exists, or says who holds it. */
    static FolderLock take(Path folder) throws IOException {
        FolderLock lock = tryTake(folder);
        if (lock == null) {
            throw inUse(folder);
        }
        return lock;
    }

    /** Takes the folder, or returns null where another start holds it. */
    static @Nullable FolderLock tryTake(Path folder) throws IOException {
        Path real = folder.toRealPath();
        if (!HELD_HERE.add(real)) {
            return null;
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(real.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (channel.tryLock(LOCKED_BYTE, 1, false) != null) {
                channel.truncate(0);
                long pid = ProcessHandle.current().pid();
                channel.write(ByteBuffer.wrap(Long.toString(pid).getBytes(StandardCharsets.US_ASCII)), 0);
                FolderLock lock = new FolderLock(real, channel);
                channel = null;
                return lock;
            }
            HELD_HERE.remove(real);
            return null;
        } catch (OverlappingFileLockException heldThroughAnotherClassLoader) {
            HELD_HERE.remove(real);
            return null;
        } catch (IOException | RuntimeException e) {
            HELD_HERE.remove(real);
            throw e;
        } finally {
            if (channel != null) {
                channel.close();
            }
        }
    }

    private static EmbeddedPostgresException inUse(Path folder) throws IOException {
        String holder;
        if (HELD_HERE.contains(folder.toRealPath())) {
            holder = "this process (pid " + ProcessHandle.current().pid() + ")";
        } else {
            String pid = Files.readString(folder.resolve(FILE)).strip();
            holder = pid.isEmpty() ? "another process" : "process " + pid;
        }
        return new EmbeddedPostgresException(
                Problem.FOLDER_IN_USE,
                "The data folder " + folder + " is in use by " + holder
                        + ". One start at a time may use a folder: stop that one, or choose another folder.");
    }

    /** Lets go of the folder. */
    @Override
    public void close() throws IOException {
        try {
            channel.truncate(0);
        } finally {
            channel.close();
            HELD_HERE.remove(folder);
        }
    }
}
