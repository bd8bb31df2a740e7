package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of a database that was just unpacked. */
final class CommandTest {
    @TempDir
    private Path folder = Path.of("set by JUnit");

    @Test
    void aProgramThatIsStillOpenForWritingIsWaitedFor() throws Exception {
        Path program = Files.copy(Path.of("/bin/sh"), folder.resolve("program"));
        List<String> command = List.of(program.toString(), "-c", "echo here");
        FutureTask<Command.Result> running = new FutureTask<>(() -> Command.run(command, folder));
        Thread thread = Thread.ofPlatform().unstarted(running);
        OutputStream writing = Files.newOutputStream(program, StandardOpenOption.APPEND);
        try {
            assertThatThrownBy(() -> new ProcessBuilder(command).start()).hasMessageContaining("26");
            thread.start();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> thread.getState() == Thread.State.TIMED_WAITING || running.isDone());
        } finally {
            writing.close();
        }
        assertThat(running.get()).isEqualTo(new Command.Result(0, "here"));
    }
}
