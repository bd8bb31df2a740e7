package dev.tidemill.storefront;

/** When the shop's e-mails are sent. */
public enum MailMode {
    /** By a job that commits together with what the e-mail is about: the request does not wait for it. */
    JOB,
    /** By the request itself, before it answers: the naive way, there to be measured against. */
    INLINE
}
