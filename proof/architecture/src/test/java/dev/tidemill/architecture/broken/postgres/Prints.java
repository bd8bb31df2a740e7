package dev.tidemill.architecture.broken.postgres;

/** A library that prints. */
public final class Prints {
    void print() {
        System.out.println("no");
    }
}
