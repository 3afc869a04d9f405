#pragma once

#include <Halide.h>

#include <functional>
#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;
using Halide::Internal::Stmt;

/// A sequence of statements of Halide's IR under construction, in which names may be bound for all that follows.
class Statements {
public:
    /// Binds `name` to `value` for the statements that follow; returns the name's Expr.
    Expr let(const std::string &name, const Expr &value);

    void run(const Stmt &statement);
    /// Runs a call for its effect.
    void call(const std::string &function, const std::vector<Expr> &arguments);
    /// Runs a call that returns an error code, and leaves the function with that code if it is not 0; `on_error`,
    /// if given, is evaluated then and its value returned instead.
    void checked_call(const std::string &function, const std::vector<Expr> &arguments,
                      const std::function<Expr(Expr code)> &on_error = nullptr);

    /// Calls `function(user_context, object)` when the driver returns, if it comes here and the object is not null.
    void at_return(const std::string &function, const Expr &object);

    /// Binds `name` to an array of `size` pointers on the stack.
    void pointer_table(const std::string &name, int size);
    static Expr load_pointer(const std::string &table, const Expr &index);
    /// The same for one int32.
    void number(const std::string &name);
    static Expr load_number(const std::string &name);
    /// Stores to a table or number.
    void store(const std::string &name, const Expr &value, int index);

    /// Adds what `wrap` makes of all the statements that follow.
    void around(std::function<Stmt(Stmt rest)> wrap) { wraps_.push_back(std::move(wrap)); }

    /// All of it as one statement.
    Stmt close() const;

private:
    std::vector<std::function<Stmt(Stmt)>> wraps_;
};

/// The type of a pointer to a halide_buffer_t, and the null pointer.
Halide::Type buffer_pointer();
Expr null_pointer();

/// What kernels get as their first argument.
Expr user_context();
/// A pointer to a struct on the stack, or to an array if all fields have one type; null if there are none.
Expr struct_of(const std::vector<Expr> &fields);

}  // namespace sylvite
