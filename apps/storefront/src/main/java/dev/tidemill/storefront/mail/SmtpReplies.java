package dev.tidemill.storefront.mail;

import dev.tidemill.jobs.Retry;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.AddressException;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;

/** What a mail server's refusal means for the job. */
final class SmtpReplies {
    private SmtpReplies() {}

    /**
     * The exception to leave the handler with: {@link Retry#never} where the server said 5xx about this message or
     * recipient, for it would say so again; else the refusal itself, which is retried by the job's backoff. A refused
     * login is retried too: it is the operator's to mend, and no letter's fault.
     */
    static Exception toThrow(MessagingException refusal) {
        for (@Nullable Exception next = refusal; next != null; next = next(next)) {
            if (next instanceof AuthenticationFailedException) {
                return refusal;
            }
            if (next instanceof AddressException malformed) {
                return Retry.never("The address is malformed: " + malformed.getMessage())
                        .causedBy(refusal);
            }
            int code = code(next);
            if (code >= 500 && code < 600) {
                return Retry.never("The mail server refused for good: " + line(next))
                        .causedBy(refusal);
            }
        }
        return refusal;
    }

    private static @Nullable Exception next(Exception exception) {
        return exception instanceof MessagingException messaging ? messaging.getNextException() : null;
    }

    private static int code(Exception exception) {
        return switch (exception) {
            case SMTPAddressFailedException address -> address.getReturnCode();
            case SMTPSenderFailedException sender -> sender.getReturnCode();
            case SMTPSendFailedException send -> send.getReturnCode();
            default -> 0;
        };
    }

    private static String line(Exception exception) {
        return String.valueOf(exception.getMessage()).strip().replaceAll("\\p{Cntrl}+", " ");
    }
}
