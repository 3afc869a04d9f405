#include "targets/vector_rules.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Halide::Expr;

class HidesPlaces : public IRMutator {
    using IRMutator::visit;

    // What is read backwards is loaded from its other end.
    static bool begins_before_the_array(const Ramp &ramp) {
        const auto base = as_const_int(ramp.base), stride = as_const_int(ramp.stride);
        return base && stride && std::min(*base, *base + *stride * (ramp.lanes - 1)) < 0;
    }

    static Expr with_place_hidden(const Expr &index, const Expr &predicate) {
        const Ramp *ramp = index.as<Ramp>();
        if (!ramp || is_const_one(predicate) || !begins_before_the_array(*ramp)) {
            return index;
        }
        const Expr base = Call::make(ramp->base.type(), Call::return_second, {make_zero(ramp->base.type()), ramp->base},
                                     Call::PureIntrinsic);
        return Ramp::make(base, ramp->stride, ramp->lanes);
    }

    Expr visit(const Load *op) override {
        const Expr index = mutate(op->index), predicate = mutate(op->predicate);
        return Load::make(op->type, op->name, with_place_hidden(index, predicate), op->image, op->param, predicate,
                          op->alignment);
    }
    Stmt visit(const Store *op) override {
        const Expr index = mutate(op->index), predicate = mutate(op->predicate);
        return Store::make(op->name, mutate(op->value), with_place_hidden(index, predicate), op->param, predicate,
                           op->alignment);
    }
    Stmt visit(const For *op) override {
        // No metadata are made of places there.
        return op->device_api == Halide::DeviceAPI::Vulkan ? op : IRMutator::visit(op);
    }
};

}  // namespace

std::unique_ptr<IRMutator> vector_rules() { return std::make_unique<HidesPlaces>(); }

}  // namespace sylvite
