package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** What a process can be sent that it does not hear of. */
enum Signal {
    STOP,
    CONT;

    void sendTo(long pid) {
        try {
            assertThat(new ProcessBuilder("kill", "-" + this, Long.toString(pid))
                            .start()
                            .waitFor())
                    .as("kill -%s %d", this, pid)
                    .isZero();
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException("kill -" + this + " failed.", failed);
        }
    }
}
