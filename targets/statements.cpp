#include "targets/statements.h"

using namespace Halide::Internal;

namespace sylvite {

Halide::Type buffer_pointer() { return Halide::type_of<halide_buffer_t *>(); }
Expr null_pointer() { return make_zero(Halide::type_of<void *>()); }

Expr user_context() { return Call::make(Halide::Handle(), Call::get_user_context, {}, Call::Intrinsic); }

Expr struct_of(const std::vector<Expr> &fields) {
    return Call::make(Halide::Handle(), Call::make_struct, fields, Call::Intrinsic);
}

Expr Statements::let(const std::string &name, const Expr &value) {
    around([=](const Stmt &rest) { return LetStmt::make(name, value, rest); });
    return Variable::make(value.type(), name);
}

void Statements::run(const Stmt &statement) {
    around([=](const Stmt &rest) { return rest.defined() ? Block::make(statement, rest) : statement; });
}

void Statements::call(const std::string &function, const std::vector<Expr> &arguments) {
    run(Evaluate::make(Call::make(Halide::Int(32), function, arguments, Call::Extern)));
}

void Statements::checked_call(const std::string &function, const std::vector<Expr> &arguments,
                              const std::function<Expr(Expr)> &on_error) {
    const Expr code =
        let(unique_name(function + ".code"), Call::make(Halide::Int(32), function, arguments, Call::Extern));
    run(AssertStmt::make(code == 0, on_error ? on_error(code) : code));
}

void Statements::at_return(const std::string &function, const Expr &object) {
    run(Evaluate::make(
        Call::make(Halide::Handle(), Call::register_destructor, {Expr(function), object}, Call::Intrinsic)));
}

void Statements::pointer_table(const std::string &name, int size) {
    around([=](const Stmt &rest) {
        return Allocate::make(name, buffer_pointer(), Halide::MemoryType::Stack, {size}, const_true(), rest);
    });
}

void Statements::number(const std::string &name) {
    around([=](const Stmt &rest) {
        return Allocate::make(name, Halide::Int(32), Halide::MemoryType::Stack, {1}, const_true(), rest);
    });
}

void Statements::store(const std::string &name, const Expr &value, int index) {
    run(Store::make(name, value, index, Halide::Parameter(), const_true(), ModulusRemainder()));
}

Expr Statements::load_number(const std::string &name) {
    return Load::make(Halide::Int(32), name, 0, Halide::Buffer<>(), Halide::Parameter(), const_true(),
                      ModulusRemainder());
}

Expr Statements::load_pointer(const std::string &table, const Expr &index) {
    return Load::make(buffer_pointer(), table, index, Halide::Buffer<>(), Halide::Parameter(), const_true(),
                      ModulusRemainder());
}

Stmt Statements::close() const {
    Stmt all;
    for (auto wrap = wraps_.rbegin(); wrap != wraps_.rend(); ++wrap) {
        // A binding at the very end has nothing to be bound for, but its value may be a call.
        all = (*wrap)(all.defined() ? all : Evaluate::make(0));
    }
    return all.defined() ? all : Evaluate::make(0);
}

}  // namespace sylvite
