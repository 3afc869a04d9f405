#include "targets/given_arrays.h"

#include <map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

class GivenArrays : public IRMutator {
public:
    GivenArrays(const Kernel &kernel, const KernelPipeline &pipeline) {
        for (size_t i = 0; i < kernel.inputs.size(); i++) {
            given_.emplace(pipeline.images[i].name() + ".buffer", kernel.inputs[i]);
        }
        for (size_t i = 0; i < pipeline.outputs.size(); i++) {
            const Func &output = pipeline.outputs[i];
            for (int c = 0; c < output.outputs(); c++) {
                const std::string value = output.outputs() > 1 ? "." + std::to_string(c) : "";
                given_.emplace(output.name() + value + ".buffer", kernel.outputs[pipeline.first_outputs[i] + c]);
            }
        }
    }

private:
    std::map<std::string, Array> given_;  // by the name of the halide_buffer_t
    std::map<std::string, Expr> known_;   // constants by the names of lets, which they replace

    const Array *array_of(const std::string &buffer) const {
        const auto found = given_.find(buffer);
        return found == given_.end() ? nullptr : &found->second;
    }

    // What a look at a halide_buffer_t gives, where that is known; else undefined.
    Expr value_of(const Call *op) const {
        const auto *buffer = op->args.empty() ? nullptr : op->args[0].as<Variable>();
        const Array *array = buffer ? array_of(buffer->name) : nullptr;
        if (!array) {
            return Expr();
        }
        // Some assertions ask for bounds queries, which there are none of (targets/lower.cpp).
        if (op->name == Call::buffer_is_bounds_query || op->name == Call::buffer_get_min) {
            return make_zero(op->type);
        }
        if (op->name == Call::buffer_get_type) {
            return make_const(op->type, halide_type_t(array->type()).as_u32());
        }
        if (op->name == Call::buffer_get_dimensions) {
            return make_const(op->type, array->dimensions());
        }
        if (op->name == Call::buffer_get_extent) {
            return simplify(Halide::max(array->extents()[as_const_int(op->args[1]).value()], 0));
        }
        return op->name == Call::buffer_get_stride && is_const_zero(op->args[1]) ? make_one(op->type) : Expr();
    }

    using IRMutator::visit;

    Expr visit(const Call *op) override {
        const Expr value = value_of(op);
        return value.defined() ? value : IRMutator::visit(op);
    }

    Expr visit(const Variable *op) override {
        const auto found = known_.find(op->name);
        return found == known_.end() ? Expr(op) : found->second;
    }

    Stmt visit(const LetStmt *op) override {
        const Expr value = mutate(op->value);
        if (is_const(value) && !value.same_as(op->value)) {
            known_[op->name] = value;
            const Stmt body = mutate(op->body);
            known_.erase(op->name);
            return body;
        }
        return LetStmt::make(op->name, value, mutate(op->body));
    }

    Stmt visit(const AssertStmt *op) override {
        const auto *message = op->message.as<Call>();
        Expr condition = mutate(op->condition);
        if (message && message->name == "halide_error_buffer_argument_is_null") {
            condition = const_true();
        }
        condition = simplify(condition);
        return is_const_one(condition) ? nothing() : AssertStmt::make(condition, mutate(op->message));
    }

    Stmt visit(const Halide::Internal::Block *op) override {
        const Stmt first = mutate(op->first), rest = mutate(op->rest);
        return is_no_op(first) ? rest : is_no_op(rest) ? first : Halide::Internal::Block::make(first, rest);
    }

    static Stmt nothing() { return Evaluate::make(0); }
};

}  // namespace

std::unique_ptr<IRMutator> given_arrays(const Kernel &kernel, const KernelPipeline &pipeline) {
    return std::make_unique<GivenArrays>(kernel, pipeline);
}

}  // namespace sylvite
