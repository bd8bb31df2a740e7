package dev.tidemill.chaos;

import java.io.IOException;

/** What a process can be sent that it does not hear of. */
enum Signal {
    STOP,
    CONT;

    /** Sends it and waits until it is sent. */
    void sendTo(long pid) {
        try {
            int status = new ProcessBuilder("kill", "-" + this, Long.toString(pid))
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("kill -" + this + " " + pid + " ended with " + status + ".");
            }
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException("kill -" + this + " " + pid + " failed.", failed);
        }
    }
}
