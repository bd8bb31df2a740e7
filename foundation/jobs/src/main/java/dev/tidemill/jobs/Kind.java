package dev.tidemill.jobs;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the kind of a job class; without it the kind is the class's simple name. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Kind {
    /** The kind: 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter. */
    String value();
}
