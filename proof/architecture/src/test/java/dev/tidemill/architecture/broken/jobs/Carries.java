package dev.tidemill.architecture.broken.jobs;

import com.tngtech.archunit.ArchConfiguration;

/** A library too many in every application. */
public final class Carries {
    ArchConfiguration library = ArchConfiguration.get();
}
