#include "targets/gpu_rules.h"

#include <bit>
#include <set>

using namespace Halide::Internal;
using Halide::DeviceAPI;
using Halide::Expr;
using Halide::Type;

namespace sylvite {

namespace {

// Floored division by something positive, through an operation on unsigned numbers, which has no arithmetic shift:
// a / c = a >= 0 ? a / c : ~(~a / c).
template<typename Operation>
Expr floored(const Expr &a, const Operation &divide_unsigned) {
    const Type type = a.type(), positive = type.with_code(halide_type_uint);
    const std::string name = unique_name("dividend");
    const Expr value = Variable::make(type, name);
    const Expr negative = value < make_zero(type);
    const Expr magnitude = Cast::make(positive, Select::make(negative, ~value, value));
    const Expr quotient = Cast::make(type, divide_unsigned(magnitude));
    return Let::make(name, a, Select::make(negative, ~quotient, quotient));
}

Expr divide(const Expr &a, int64_t c) {
    return floored(a, [&](const Expr &magnitude) { return Div::make(magnitude, make_const(magnitude.type(), c)); });
}

Expr shift_right(const Expr &a, const Expr &amount) {
    return floored(a, [&](const Expr &magnitude) {
        return Call::make(magnitude.type(), Call::shift_right, {magnitude, Cast::make(magnitude.type(), amount)},
                          Call::PureIntrinsic);
    });
}

// Of a kernel: int32s in the place of the bools that it is given, which memory of SPIR-V cannot hold.
class BoolsAsIntegers : public IRMutator {
public:
    Stmt of(const Stmt &kernel) {
        Stmt result = mutate(kernel);
        for (const std::string &name : given_) {
            result =
                LetStmt::make(integer(name), Cast::make(Halide::Int(32), Variable::make(Halide::Bool(), name)), result);
        }
        return result;
    }

private:
    std::set<std::string> own_, given_;

    static std::string integer(const std::string &name) { return name + ".as_int32"; }

    using IRMutator::visit;

    // Names of lowered code are unique.
    Expr visit(const Let *op) override {
        own_.insert(op->name);
        return IRMutator::visit(op);
    }
    Stmt visit(const LetStmt *op) override {
        own_.insert(op->name);
        return IRMutator::visit(op);
    }
    Expr visit(const Variable *op) override {
        if (op->type != Halide::Bool() || own_.count(op->name)) {
            return op;
        }
        given_.insert(op->name);
        return Variable::make(Halide::Int(32), integer(op->name)) != 0;
    }
};

class GpuRules : public IRMutator {
public:
    GpuRules(std::string kernel, const MachineNumbers &machine) : kernel_(std::move(kernel)), machine_(machine) {}

private:
    const std::string kernel_;
    const MachineNumbers machine_;
    bool on_device_ = false, on_vulkan_ = false;
    int64_t threads_ = 1;

    using IRMutator::visit;

    Stmt visit(const For *op) override {
        if (!is_gpu(op->for_type)) {
            return IRMutator::visit(op);
        }
        const bool is_kernel = !on_device_;
        if (is_kernel) {
            need_few_arrays(op);
        }
        const int64_t outer_threads = threads_;
        on_device_ = true;
        on_vulkan_ = op->device_api == DeviceAPI::Vulkan;
        if (op->for_type == ForType::GPUThread || op->for_type == ForType::GPULane) {
            const auto extent = as_const_int(simplify(op->extent));
            _halide_user_assert(extent || !on_vulkan_)
                << "A Vulkan kernel needs thread blocks of constant extents; loop " << op->name << " of kernel "
                << kernel_ << " has extent " << op->extent
                << ": give the tiles of the stage that it is computed at the tail shift_inwards.";
            threads_ *= extent.value_or(1);
            _halide_user_assert(threads_ <= machine_.max_threads)
                << "A thread block needs at most " << machine_.max_threads << " threads on this target; kernel "
                << kernel_ << " has " << threads_ << " at loop " << op->name << ": use smaller tiles.";
        }
        Stmt mutated = IRMutator::visit(op);
        threads_ = outer_threads;
        if (!is_kernel) {
            return mutated;
        }
        const bool on_vulkan = on_vulkan_;
        on_device_ = on_vulkan_ = false;
        return on_vulkan ? BoolsAsIntegers().of(mutated) : mutated;
    }

    void need_few_arrays(const For *kernel) const {
        Closure closure;
        closure.include(kernel->body, kernel->name);
        const auto arrays = static_cast<int>(closure.buffers.size());
        _halide_user_assert(machine_.max_arrays == 0 || arrays <= machine_.max_arrays)
            << "A kernel on this target reads and writes at most " << machine_.max_arrays << " arrays; loop "
            << kernel->name << " of kernel " << kernel_ << " has " << arrays
            << ": compute some of what it reads in stages of their own, or the stage on the host.";
    }

    static bool calls_vulkan(const Expr &device) {
        const auto *call = device.as<Call>();
        return call && call->name == "halide_vulkan_device_interface";
    }

    bool is_signed(const Type &type) const { return on_vulkan_ && type.is_int(); }

    // The constant that a signed division divides by, or 0.
    int64_t divisor(const Expr &b) const {
        const auto c = as_const_int(b);
        const int64_t least = -(int64_t(1) << (b.type().bits() - 1));
        return c && is_signed(b.type()) && *c != least ? *c : 0;
    }

    // By something that may be zero: Halide says that the result is 0, SPIR-V leaves it open.
    template<typename Op>
    Expr by_variable(const Op *op) {
        if (!on_vulkan_ || !op->type.is_int_or_uint() || is_const(op->b)) {
            return IRMutator::visit(op);
        }
        const std::string name = unique_name("divisor");
        const Expr by = Variable::make(op->type, name), zero = make_zero(op->type);
        const Expr result = Op::make(mutate(op->a), Select::make(by == zero, make_one(op->type), by));
        return Let::make(name, mutate(op->b), Select::make(by == zero, zero, result));
    }

    Expr visit(const Div *op) override {
        const int64_t c = divisor(op->b);
        if (c == 0) {
            return by_variable(op);
        }
        // Division rounds so that the remainder is not negative, whatever the sign of the divisor.
        const Expr quotient = divide(mutate(op->a), std::abs(c));
        return c > 0 ? quotient : Expr(Sub::make(make_zero(op->type), quotient));
    }

    Expr visit(const Mod *op) override {
        if (on_vulkan_ && op->type.is_float()) {
            const Expr a = mutate(op->a), b = mutate(op->b);
            const std::string name_a = unique_name("a"), name_b = unique_name("b");
            const Expr va = Variable::make(op->type, name_a), vb = Variable::make(op->type, name_b);
            return Let::make(name_a, a, Let::make(name_b, b, va - vb * Halide::floor(va / vb)));
        }
        const int64_t c = divisor(op->b);
        if (c == 0) {
            return by_variable(op);
        }
        const Expr a = mutate(op->a);
        const std::string name = unique_name("a");
        const Expr value = Variable::make(op->type, name);
        const Expr quotient = divide(value, std::abs(c));
        return Let::make(name, a, value - Mul::make(quotient, make_const(op->type, std::abs(c))));
    }

    Expr visit(const Cast *op) override {
        const Type from = op->value.type();
        return on_vulkan_ && op->type.is_bool() && !from.is_bool() ? mutate(op->value) != make_zero(from)
                                                                   : IRMutator::visit(op);
    }

    Expr visit(const FloatImm *op) override {
        if (!on_vulkan_ || op->type.bits() != 64 || op->value == static_cast<float>(op->value)) {
            return op;
        }
        return Reinterpret::make(op->type, make_const(Halide::UInt(64), std::bit_cast<uint64_t>(op->value)));
    }

    Expr visit(const Call *op) override {
        if (is_signed(op->type) && (op->is_intrinsic(Call::shift_right) || op->is_intrinsic(Call::shift_left))) {
            const bool right = op->is_intrinsic(Call::shift_right);
            if (op->args[1].type().is_int() && as_const_int(op->args[1]).value_or(-1) < 0) {
                // A negative amount shifts the other way.
                return mutate(right ? lower_signed_shift_right(op->args[0], op->args[1])
                                    : lower_signed_shift_left(op->args[0], op->args[1]));
            }
            if (right) {
                return shift_right(mutate(op->args[0]), mutate(op->args[1]));
            }
        }
        // On the host: whatever gives an array device memory.
        static const std::set<std::string> makes_room = {"halide_device_malloc", "halide_device_and_host_malloc",
                                                         "halide_copy_to_device"};
        if (makes_room.count(op->name) && calls_vulkan(op->args[1])) {
            const Expr context = Call::make(Halide::Handle(), Call::get_user_context, {}, Call::Intrinsic);
            const Expr array = Call::make(op->args[0].type(), "sylvite_device_room",
                                          {context, op->args[0], op->args[1]}, Call::Extern);
            return Call::make(op->type, op->name, {array, op->args[1]}, op->call_type);
        }
        // These become shifts while code is made; they are lowered here so that the shifts can be seen.
        static const std::set<std::string> hides_shifts = [] {
            std::set<std::string> names;
            for (Call::IntrinsicOp i : {Call::halving_add, Call::halving_sub, Call::rounding_halving_add,
                                        Call::rounding_shift_right, Call::rounding_shift_left, Call::mul_shift_right,
                                        Call::rounding_mul_shift_right, Call::widening_shift_right}) {
                names.insert(Call::get_intrinsic_name(i));
            }
            return names;
        }();
        if (is_signed(op->type) && op->is_intrinsic() && hides_shifts.count(op->name)) {
            return mutate(lower_intrinsic(op));
        }
        return IRMutator::visit(op);
    }
};

}  // namespace

std::unique_ptr<IRMutator> gpu_rules(const std::string &kernel, const MachineNumbers &machine) {
    return std::make_unique<GpuRules>(kernel, machine);
}

}  // namespace sylvite
