package dev.tidemill.storefront.shop;

import dev.tidemill.jobs.Transaction;

/** Where the shop's writes happen: a transaction that takes jobs along, such as {@code mill::callInTransaction}. */
@FunctionalInterface
public interface Transactions {
    /** Runs the body in a transaction and commits; an exception rolls everything back and is passed on. */
    <R> R call(Transaction.Call<R> body) throws Exception;
}
